"""What judging may cost: estimated before the first request, and kept while answers come in."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil
from threading import Lock

from shipworthy.core.errors import UsageError
from shipworthy.evaluation.judges.cache import Answer
from shipworthy.evaluation.judges.questions import Question

BYTES_PER_TOKEN = 3
"""Of UTF-8. Tokenizers make 4 of English prose, less of other languages and of code: an estimate, rather too high."""
TOKENS_PER_MESSAGE = 8
MILLION = 1_000_000


@dataclass(frozen=True)
class Limits:
    """What was allowed.

    Attributes:
        most_requests, most_money: 0: no limit.
        price_in, price_out: of a million tokens.
        max_tokens: of a reply.
    """

    most_requests: int = 0
    most_money: float = 0.0
    price_in: float = 0.0
    price_out: float = 0.0
    max_tokens: int = 0
    currency: str = ""

    def money(self, tokens_in: int, tokens_out: int) -> float:
        """What so many tokens cost."""
        return (self.price_in * tokens_in + self.price_out * tokens_out) / MILLION

    def most(self, question: Question) -> float:
        """What a question costs if its reply is as long as it may be, by the estimate of its own tokens."""
        return self.money(tokens_of(question), self.max_tokens)


def tokens_of(question: Question) -> int:
    """An estimate of the tokens of a question's messages."""
    size = sum(len(one["content"].encode("utf-8", "surrogatepass")) for one in question.messages)
    return ceil(size / BYTES_PER_TOKEN) + TOKENS_PER_MESSAGE * len(question.messages)


class Budget:
    """Counts what was spent; threads may use it at once.

    Args:
        answered: the answers that are there already: they were paid for, by this budget or an earlier run's.
    """

    def __init__(self, limits: Limits, answered: Sequence[Answer]) -> None:
        self.limits = limits
        self.requests = len(answered)
        self.spent = sum(limits.money(one.tokens_in, one.tokens_out) for one in answered)
        self._lock = Lock()

    def check(self, questions: Sequence[Question]) -> None:
        """Refuses what the budget cannot pay for, before anything is asked.

        Raises:
            UsageError: with the estimate, and the setting to change.
        """
        limits, total = self.limits, self.requests + len(questions)
        kept = f", of which {self.requests:,} are answered already" if self.requests else ""
        if not questions:
            return
        if limits.most_requests and total > limits.most_requests:
            raise UsageError(
                f"Judging asks {total:,} questions{kept}, and judge.most_requests={limits.most_requests} allows fewer: "
                "raise it, or lower judge.rows; nothing was asked."
            )
        estimate = self.spent + sum(map(limits.most, questions))
        if limits.most_money and estimate > limits.most_money:
            raise UsageError(
                f"Judging would cost up to {estimate:.2g} {limits.currency} for {total:,} questions{kept} (an "
                f"estimate), and judge.most_money={limits.most_money:g} allows less: raise it, or lower judge.rows; "
                "nothing was asked."
            )

    def take(self, question: Question) -> bool:
        """Sets aside what a question may cost; False: the budget is used up."""
        limits, most = self.limits, self.limits.most(question)
        with self._lock:
            over = limits.most_money and self.spent + most > limits.most_money
            if over or (limits.most_requests and self.requests >= limits.most_requests):
                return False
            self.requests, self.spent = self.requests + 1, self.spent + most
            return True

    def settle(self, question: Question, answer: Answer) -> None:
        """Puts what a question cost in place of what was set aside for it."""
        with self._lock:
            self.spent += self.limits.money(answer.tokens_in, answer.tokens_out) - self.limits.most(question)
