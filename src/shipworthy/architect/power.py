"""What a test split of the planned size can show, and how many rows the margin asks for, before anything is split."""

from collections import Counter
from collections.abc import Sequence
from statistics import median
from typing import Any

from shipworthy.architect.estimate.problem import Problem
from shipworthy.architect.rows import visible
from shipworthy.evaluation import calibration, claims, scores
from shipworthy.evaluation.metric import metric
from shipworthy.evaluation.power import MOST_ROWS, POWER, rows_needed, simulate
from shipworthy.evaluation.tasks.schema import Task
from shipworthy.models.bounded import bounded
from shipworthy.models.protocol import Prediction


def power(problem: Problem) -> dict[str, Any]:
    """The plan's `power`.

    Right or wrong by row, it depends on the share of rows that exactly one of two models gets right, which nobody knows
    yet: `effects` has several. Of any other metric `simulated` says it for whoever always gives one answer
    (`reference`); `shipworthy baseline` says it again by the best baseline's own answers.

    Raises:
        UsageError: validation will have too few rows to tell the task's intervals.
    """
    task, rows = problem.task, problem.expected.test
    calibration.check(task, problem.expected.validation)
    alpha, margin = task.criteria.alpha, task.criteria.margin
    found: dict[str, Any] = {"rows": rows, "alpha": alpha, "power": POWER, "effects": [], "simulated": None}
    if metric(task.metric).KIND == "right":
        found["effects"] = [
            {
                "discordance": share,
                "effect": effect,
                "rows_for_margin": rows_needed(margin, share, alpha) if 0 < margin <= share else None,
            }
            for share, effect in visible(rows, alpha).items()
        ]
        return found
    answers = [str(one) for one in problem.sample["answer"].drop_nulls()][:MOST_ROWS]
    given = _constant(task, answers)
    value = scores.value(task.metric, scores.decided(task, given, answers))
    told = simulate(task, given, answers, rows, claims.margin_of(task.metric, margin, value), problem.seed)
    return {**found, "simulated": told.to_json(), "reference": given[0].text}


def _constant(task: Task, answers: Sequence[str]) -> list[Prediction]:
    """The best that can be said without looking: the median of numbers, else the most frequent answer.

    Its interval, where the task asks for one, holds as many of these very answers.
    """
    counted = Counter(answers)
    frequent = counted.most_common(1)[0][0]
    shares: Counter[str] = Counter(label for answer in answers for label in task.labels(answer))
    probabilities = {name: number / len(answers) for name, number in shares.items()}
    if not task.numeric:
        return [Prediction(frequent, probabilities)] * len(answers)
    number = median(float(answer) for answer in answers)
    given = [Prediction(f"{number:g}", probabilities, number)] * len(answers)
    interval = calibration.interval(task, given, answers)
    return given if interval is None else bounded(interval, given)
