"""What runs were measured on: only those by one metric on the same validation rows are ranked, or subtracted."""

from collections.abc import Sequence
from dataclasses import dataclass

from shipworthy.track.runs.registry import Run


@dataclass(frozen=True)
class Ground:
    """What a run's metric was measured on.

    Attributes:
        metric: its name.
        task: the task's kind.
        rows: how many validation rows (0: not noted).
        sample: names these rows and their right answers.
    """

    metric: str
    task: str
    rows: int
    sample: str

    @property
    def words(self) -> str:
        """`accuracy on 3,423 rows`."""
        return _title(self.metric) + self._on

    @property
    def named(self) -> str:
        """The same with the metric's name, as the list of runs has it, which does not wait for its title."""
        return self.metric + self._on

    @property
    def _on(self) -> str:
        return f" on {self.rows:,} rows" if self.rows else ""


@dataclass(frozen=True)
class Group:
    """Runs that may be ranked together: `ground` says by what."""

    ground: Ground
    runs: Sequence[Run]


def groups(runs: Sequence[Run]) -> list[Group]:
    """The runs that have a metric, by what it was measured on, in their order; the largest group first."""
    known = {_asked(run): sample for run in runs if (sample := _noted(run))}
    found: dict[Ground, list[Run]] = {}
    for run in runs:
        if run.value is not None:
            found.setdefault(_ground(run, _noted(run) or known.get(_asked(run), _asked(run))), []).append(run)
    return sorted((Group(ground, own) for ground, own in found.items()), key=lambda group: -len(group.runs))


def rivals(run: Run, runs: Sequence[Run]) -> Sequence[Run]:
    """Those of the runs that `run` may be ranked with, itself among them."""
    return next((one.runs for one in groups(runs) if any(other.id == run.id for other in one.runs)), ())


def apart(run: Run, other: Run) -> str:
    """Why two runs' metrics can't be ranked or subtracted as they are; empty: they can.

    `one is measured by F1, the other by accuracy`, `other validation rows: 3,423 against 4,879`.
    """
    if run.metric != other.metric:
        return f"one is measured by {_title(other.metric)}, the other by {_title(run.metric)}"
    if len(groups([run, other])) < 2:
        return ""
    mine, theirs = (rows(one) for one in (run, other))
    if _task(run) != _task(other):
        return f"one is of a task of the kind '{_task(other)}', the other of '{_task(run)}'"
    if mine != theirs:
        return f"other validation rows: {mine:,} against {theirs:,}"
    return "other validation rows, or other right answers to them"


def rows(run: Run) -> int:
    """How many validation rows its metric was measured on; 0 where that was not noted."""
    return int((run.training.get("validated") or run.training.get("selected_interval") or {}).get("n", 0))


def _title(metric: str) -> str:
    from shipworthy.evaluation.metric import title  # the list of runs must not wait for numpy

    return title(metric)


def _ground(run: Run, sample: str) -> Ground:
    return Ground(run.metric, _task(run), rows(run), sample)


def _task(run: Run) -> str:
    return str((run.record["config"].get("task") or {}).get("kind", ""))


def _noted(run: Run) -> str:
    """The hash of its validation rows and answers; empty of runs from before it was noted."""
    return str((run.training.get("validated") or {}).get("sha256", ""))


def _asked(run: Run) -> str:
    """The same by what was asked for: the dataset, and the part of its validation rows."""
    config = run.record["config"]
    part = (config.get("trainer") or {}).get("validation_rows"), config.get("validation_share", 1.0)
    return f"{run.record.get('inputs', {}).get('dataset', '')} {part} {rows(run)}"
