"""The intervals of time in which a run was running: one per start, also those that were killed."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import inf
from pathlib import Path
from typing import Any

from shipworthy.core import json_lines
from shipworthy.track.cost.spans import Span
from shipworthy.track.runs import starts as begun
from shipworthy.track.runs.starts import Start

Sample = Mapping[str, Any]
"""A line of system.jsonl: `time` (seconds since the epoch), `cpu_percent`, `gpus`."""


@dataclass(frozen=True)
class RunInterval:
    """One start, and until when it counts.

    Attributes:
        ended: seconds since the epoch: what the run said, else its last write, else now.
        known: it said itself when it ended.
        running: its process is still there.
        cpus: cores that it might use.
        from_step: the step that it went on from (None: not noted).
        stepped: the first and the last step of which it told, each with its time (one where they are the same).
    """

    start: Start
    ended: float
    known: bool
    running: bool
    cpus: int
    from_step: int | None
    stepped: tuple[tuple[int, float], ...] = ()

    @property
    def seconds(self) -> float:
        """How long it ran."""
        return self.span.seconds

    @property
    def span(self) -> Span:
        """On which machine, at which price."""
        start = self.start
        return Span(start.host, start.price_per_hour, start.currency, start.began, max(start.began, self.ended))


def run_intervals(folder: Path, starts: Sequence[Start], samples: Sequence[Sample]) -> list[RunInterval]:
    """One for each start; one without an end counts until the last write before the next start."""
    noted = _noted(folder / begun.FILE)
    found = []
    for start, following in pairwise([*starts, None]):
        assert start is not None
        limit = following.began if following else inf
        running = start.ended is None and following is None and begun.alive(folder, start)
        ended = start.ended
        if ended is None:
            ended = time.time() if running else _last_sign(folder, start.began, limit, samples)
        facts = noted.get(start.number, {})
        stepped = tuple((int(step), float(moment)) for step, moment in facts.get("stepped") or ())
        found.append(
            RunInterval(
                start,
                ended,
                known=start.ended is not None,
                running=running,
                cpus=int(facts.get("cpus") or 0),
                from_step=facts.get("from_step"),
                stepped=stepped,
            )
        )
    return found


def samples(folder: Path) -> list[Sample]:
    """What system.jsonl holds, in the order of time; a line that a kill cut off is left out."""
    return sorted(json_lines.read(folder / begun.SAMPLES), key=lambda sample: float(sample["time"]))


def _last_sign(folder: Path, after: float, before: float, taken: Sequence[Sample]) -> float:
    """The last sample or checkpoint between two moments; `after` where there is neither."""
    times = [float(sample["time"]) for sample in taken]
    # Not notes.json or the tracker's spool, which may be written long after.
    times += [path.stat().st_mtime for path in folder.glob("step-*/**/*")]
    return max((moment for moment in times if after <= moment < before), default=after)


def _noted(path: Path) -> dict[int, dict[str, Any]]:
    found: dict[int, dict[str, Any]] = {}
    for line in json_lines.read(path):
        found.setdefault(int(line["start"]), {}).update(line)
    return found
