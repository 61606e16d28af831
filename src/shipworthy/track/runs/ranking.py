"""Who is best of several runs, by paired tests against the best one, and what to do about it."""

from collections.abc import Sequence
from dataclasses import dataclass

from shipworthy.core.artifact import MANIFEST
from shipworthy.core.files import read_json
from shipworthy.evaluation import figures
from shipworthy.evaluation.claims import WORSE
from shipworthy.evaluation.metric import title
from shipworthy.models.build import RECORDS
from shipworthy.track.quantities import money, seconds
from shipworthy.track.runs.ground import Ground, groups
from shipworthy.track.runs.pairs import Pair, pairs
from shipworthy.track.runs.registry import Run


@dataclass(frozen=True)
class Ranking:
    """Runs that were measured alike, the best first.

    Attributes:
        best: of those with the same value the first.
        others: each against it, in the order of their values.
    """

    ground: Ground
    best: Run
    others: Sequence[Pair]

    @property
    def rivals(self) -> list[Pair]:
        """Those of which nothing was shown: the best one's lead may be chance."""
        return [one for one in self.others if one.claim is None or one.claim.words != WORSE]


def rankings(runs: Sequence[Run]) -> list[Ranking]:
    """One for each group that may be ranked together, the largest first; runs without a result are in none."""
    return [_ranking(group.ground, group.runs) for group in groups(runs)]


def _ranking(ground: Ground, runs: Sequence[Run]) -> Ranking:
    sign = -1 if runs[0].more_is_better else 1
    best, *others = sorted(runs, key=lambda run: sign * (run.value or 0.0))
    return Ranking(ground, best, pairs([best, *others]) if others else [])


def trained_mb(run: Run) -> float | None:
    """The size of what was trained (10^6 bytes); None where nothing was kept."""
    path = run.folder / "checkpoint" / MANIFEST
    if not path.is_file():
        return None
    return float(sum(one["bytes"] for name, one in read_json(path)["files"].items() if name not in RECORDS)) / 1e6


def short(run: Run) -> str:
    """The beginning of its id."""
    return run.id[:8]


def lines(found: Ranking, changes: dict[str, str]) -> list[str]:
    """The ranking as a table: place, run, what it changed, metric, against the best, time and money.

    Args:
        changes: run id → what it changed, in words.
    """
    claims = {one.run.id: one for one in found.others}
    head = ["", "run", "changed", title(found.ground.metric), "against the best", "took", "cost"]
    rows = [head]
    for place, run in enumerate([found.best, *(one.run for one in found.others)], 1):
        pair = claims.get(run.id)
        said = (
            ""
            if pair is None
            else pair.why_not
            if pair.claim is None
            else f"{pair.claim.sentence}, {pair.claim.figures}"
        )
        cost = money(run.cost, run.currency) if run.cost else ""
        rows.append([str(place), short(run), changes.get(run.id, ""), measured(run), said, seconds(run.seconds), cost])
    widths = [max(len(row[column]) for row in rows) for column in range(len(head))]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]


def measured(run: Run) -> str:
    """Its metric with the interval, as pages give it: `88.7% [82.6, 92.8]`."""
    if run.value is None:
        return ""
    if run.interval is None:
        return figures.figure(run.metric, run.value)
    from shipworthy.evaluation.intervals import Interval

    return figures.interval(run.metric, Interval(run.value, *run.interval))
