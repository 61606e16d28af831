"""What a sweep ends with: its runs ranked, those that failed, and what follows."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from shipworthy.track.runs.conclusion import conclusion
from shipworthy.track.runs.project_paths import ProjectPaths
from shipworthy.track.runs.ranking import lines, rankings
from shipworthy.track.runs.registry import RECORD, Run, read


@dataclass(frozen=True)
class Job:
    """One combination of a sweep.

    Attributes:
        changed: what it has and not every job of the sweep.
        run_id: its run (empty: it did not come as far as to have one).
        said: why it failed (empty: it did not).
    """

    changed: str
    run_id: str
    said: str = ""


def ending(jobs: Sequence[Job], here: ProjectPaths) -> Iterator[str]:
    """The lines; nothing where no job made a run that can be ranked, and none failed."""
    changes: dict[str, str] = {}
    for job in jobs:
        changes[job.run_id] = " | ".join(filter(None, [changes.get(job.run_id, ""), job.changed]))
    runs = [one for run_id in changes if run_id and (one := _read(here.runs / run_id))]
    ranked = rankings(runs)
    for found in ranked:
        yield ""
        apart = " (these rows, or this metric, apart from the others)" if len(ranked) > 1 else ""
        yield f"ranking by {found.ground.words} of validation{apart}:"
        yield from lines(found, changes)
        yield from conclusion(found, here)
    if failed := [job for job in jobs if job.said]:
        yield ""
        yield f"{len(failed)} of {len(jobs)} runs failed:"
        for job in failed:
            yield f"  {job.changed}: {job.said}"


def own(all_overrides: Sequence[Sequence[str]]) -> list[str]:
    """What each job has of its overrides that not every job has; of a single job, all."""
    common = set.intersection(*map(set, all_overrides)) if len(all_overrides) > 1 else set()
    return [" ".join(text for text in one if text not in common) for one in all_overrides]


def _read(folder: Path) -> Run | None:
    one = read(folder) if (folder / RECORD).is_file() else None
    return one if isinstance(one, Run) and one.value is not None else None
