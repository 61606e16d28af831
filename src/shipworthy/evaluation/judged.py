"""All that the test split says of several candidates, and of the tuned one against the best baseline."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

from shipworthy.evaluation import by_number, claims, paired, scores, slices
from shipworthy.evaluation.classes import by_class, by_label
from shipworthy.evaluation.intervals import Interval
from shipworthy.evaluation.metric import metric
from shipworthy.evaluation.metrics._labels import both
from shipworthy.evaluation.remarks import remarks
from shipworthy.evaluation.resampling import Resampling
from shipworthy.evaluation.tasks.classification.schema import Classification
from shipworthy.evaluation.tasks.multi_label.schema import MultiLabel
from shipworthy.evaluation.tasks.regression.schema import Regression
from shipworthy.evaluation.tasks.schema import Task
from shipworthy.evaluation.verdict import Verdict, judge
from shipworthy.models.protocol import Prediction


@dataclass(frozen=True)
class Judged:
    """What was found.

    Attributes:
        scored, correct: of each candidate by name, its rows by the deciding metric, and right or wrong where the task's
            usual metric says so.
        metrics: of each candidate, name → interval.
        verdict: of the tuned model against the best baseline.
        record: what evaluation.json says of it all.
    """

    scored: Mapping[str, NDArray[Any]]
    correct: Mapping[str, NDArray[Any] | None]
    metrics: Mapping[str, Mapping[str, Interval]]
    verdict: Verdict
    record: Mapping[str, Any]


def judged(
    task: Task,
    answered: Mapping[str, Sequence[Prediction]],
    answers: Sequence[str],
    *,
    tuned: str,
    called: str,
    best: str,
    criteria: Mapping[str, Any],
    how: Resampling,
    parts: Mapping[str, Sequence[str]],
) -> Judged:
    """Measures all, and judges the tuned model by the plan's criteria.json.

    Args:
        answered: candidate → its predictions, the tuned model's among them.
        answers: the right ones.
        tuned: the name of the candidate that is judged.
        called: what sentences call it.
        best: the baseline that it must beat, chosen without these rows.
        how: the rows' groups, the seed, and alpha.
        parts: slice → each row's part (see slices.parts).
    """
    name, alpha = task.metric, criteria["alpha"]
    scored = {one: scores.decided(task, given, answers) for one, given in answered.items()}
    pairs = {one: paired.pair(metric(name), scored[tuned], scored[one], how) for one in answered if one != tuned}
    (against_best,) = claims.decide(name, [pairs[best]], alpha)
    against_each = claims.decide(name, list(pairs.values()), alpha)
    margin = claims.margin_of(name, criteria["margin"], scores.value(name, scored[best]))
    verdict = judge(against_best, best, margin, criteria)
    rows = {one: scores.every(task, given, answers) for one, given in answered.items()}
    metrics = {one: scores.intervals(own, how) for one, own in rows.items()}
    given, classified, numbered = answered[tuned], None, None
    if isinstance(task, Classification):
        classified = by_class(given, answers, task.positive)
    elif isinstance(task, MultiLabel):
        classified = by_label(given, *both(given, answers))
    odd = remarks(task, called, metrics[tuned], given, answers, classified, how)
    if isinstance(task, Regression):
        numbered = by_number.by_number(task, given, answers, rows[tuned], how)
        odd += by_number.remarks(called, task, metrics[tuned])
    record = {
        "metric": name,
        "n": len(answers),
        "best_baseline": best,
        "best_baseline_chosen_on": "validation",
        "margin": margin,
        "comparison": against_best.to_json(),
        "against_each_baseline": [
            {"name": one, **claim.to_json()} for one, claim in zip(pairs, against_each, strict=True)
        ],
        "verdict": verdict.to_json(),
        "by_class": classified,
        "by_number": numbered,
        "slices": slices.record(name, parts, rows[tuned], how),
        "remarks": odd,
    }
    correct = {one: scores.correct(task, given, answers) for one, given in answered.items()}
    return Judged(scored, correct, metrics, verdict, record)
