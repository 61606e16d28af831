"""Asks a judge all questions that are not answered yet, some at a time, within the budget."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import dataclass
from threading import Event

from shipworthy.core.progress import say, track
from shipworthy.evaluation.judges.budget import Budget, Limits
from shipworthy.evaluation.judges.cache import Answer, Answers
from shipworthy.evaluation.judges.endpoint import Endpoint
from shipworthy.evaluation.judges.questions import Question

Keyed = Sequence[tuple[str, Question]]


@dataclass(frozen=True)
class Judge:
    """Who is asked, and within which limits.

    Attributes:
        open: the endpoint, for as long as it is needed; not called where every answer is there already.
        concurrent: questions at the same time.
    """

    open: Callable[[], AbstractContextManager[Endpoint]]
    limits: Limits
    concurrent: int = 1


@dataclass(frozen=True)
class Heard:
    """What came of it.

    Attributes:
        answers: key → answer.
        questions: different ones.
        cached: those that were answered before.
        stopped: whether the budget ended it, so that answers are missing.
        spent: money, cached answers included.
    """

    answers: dict[str, Answer]
    questions: int
    cached: int
    stopped: bool
    spent: float


def ask(judge: Judge, questions: Keyed, cache: Answers) -> Heard:
    """Every question once, equal ones together, in their order.

    Args:
        questions: with the key that its answer is kept by.

    Raises:
        UsageError: the budget cannot pay for them; nothing was asked.
        ShipworthyError: the endpoint failed; what it answered until then is kept.
    """
    different = dict(questions)
    known = {key: kept for key in different if (kept := cache.get(key))}
    budget = Budget(judge.limits, list(known.values()))
    left = [(key, question) for key, question in different.items() if key not in known]
    budget.check([question for _, question in left])
    say(f"judge: {len(known):,} of {len(different):,} answers from the cache")
    found = _ask(judge, left, cache, budget) if left else {}
    stopped = len(found) < len(left)
    return Heard({**known, **found}, len(different), len(known), stopped, budget.spent)


def _ask(judge: Judge, left: Keyed, cache: Answers, budget: Budget) -> dict[str, Answer]:
    """The answers to questions; those of the first that the budget can't pay for, and of all after it, are missing."""
    enough = Event()
    with judge.open() as endpoint:

        def one(asked: tuple[str, Question]) -> tuple[str, Answer | None]:
            key, question = asked
            if endpoint.stopped.is_set() or enough.is_set():
                return key, None
            if not budget.take(question):
                enough.set()
                return key, None
            try:
                answer = endpoint.ask(question)
            except BaseException:
                endpoint.stopped.set()  # the others end soon, without being asked
                raise
            budget.settle(question, answer)
            cache.add(key, answer)
            return key, answer

        with ThreadPoolExecutor(judge.concurrent) as pool:
            try:
                heard = dict(track(pool.map(one, left), "judge: answers", len(left)))
            except BaseException:
                endpoint.stopped.set()
                raise
    return {key: answer for key, answer in heard.items() if answer is not None}
