"""Two runs on the same validation rows: is one better, and by how much?"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import polars as pl

from shipworthy.core.progress import track
from shipworthy.evaluation import claims, paired, predictions, scores
from shipworthy.evaluation.claims import Claim
from shipworthy.evaluation.intervals import Interval
from shipworthy.evaluation.metric import metric
from shipworthy.evaluation.tasks.schema import Criteria
from shipworthy.track.runs.ground import apart, rows
from shipworthy.track.runs.registry import Run

FILE = "validation.parquet"


@dataclass(frozen=True)
class Pair:
    """A run against the first one.

    Attributes:
        found: the two on the rows that both were validated on; None where there can be no test.
        claim: what was shown, among as many runs as there are (Holm 1979).
        values: the metric of the two on the rows of `found`, the run's first; None where there is no test.
        why_not: why there is no test.
    """

    run: Run
    reference: Run
    found: paired.Pair | None = None
    claim: Claim | None = None
    values: tuple[float, float] | None = None
    why_not: str = ""

    @property
    def partly(self) -> bool:
        """Whether one of them was measured on more rows than those of the test, so that its value is another there."""
        return self.found is not None and any(rows(one) > self.found.n for one in (self.run, self.reference))


def pairs(runs: Sequence[Run]) -> list[Pair]:
    """Each run but the first against the first, on the rows that both were validated on."""
    reference, *others = runs
    alpha = float(reference.config.get("task.criteria.alpha", Criteria.alpha))
    found = [_pair(run, reference, alpha) for run in track(others, "paired tests, by run", len(others))]
    tested = [pair.found for pair in found if pair.found]
    decided = iter(claims.decide(reference.metric, tested, alpha) if tested else ())
    return [replace(pair, claim=next(decided)) if pair.found else pair for pair in found]


def interval(run: Run) -> Interval | None:
    """The selected model's metric on the validation rows; None where it noted no answers."""
    answers = _answers(run)
    if answers is None or not answers.height:
        return None
    return scores.interval(run.metric, predictions.rows(answers), predictions.resampling(answers))


def _pair(run: Run, reference: Run, alpha: float) -> Pair:
    if reference.value is None or run.value is None:
        return Pair(run, reference, why_not=f"{(run if run.value is None else reference).id} has no result")
    # Of one dataset, rows of one id are the same rows, though not all of them were validated on by both.
    if (why_not := apart(run, reference)) and (run.metric != reference.metric or data(run) != data(reference)):
        other = "" if run.metric != reference.metric else "they were validated on other data: "
        return Pair(run, reference, why_not=f"{other}{why_not}")
    tables = [_answers(one) for one in (run, reference)]
    if missing := [one for one, own in zip((run, reference), tables, strict=True) if own is None]:
        return Pair(run, reference, why_not=f"{missing[0].id} noted no answers ({FILE})")
    mine, theirs = (own for own in tables if own is not None)
    both = mine.join(theirs, on="id", how="inner", maintain_order="left", suffix="_reference")
    if not both.height:
        return Pair(run, reference, why_not="they were validated on other rows")
    ours, others = (predictions.rows(both, name) for name in (predictions.SCORED, f"{predictions.SCORED}_reference"))
    found = paired.pair(metric(run.metric), ours, others, predictions.resampling(both, alpha=alpha))
    return Pair(run, reference, found, values=(scores.value(run.metric, ours), scores.value(run.metric, others)))


def data(run: Run) -> str:
    """The digest of the dataset that it was trained and validated on."""
    return str(run.record.get("inputs", {}).get("dataset", ""))


def _answers(run: Run) -> pl.DataFrame | None:
    path: Path = run.folder / "checkpoint" / FILE
    return predictions.scored(path) if path.is_file() else None
