"""The jobs of a sweep on this machine, as their tracker shows them: below one run that stands for the sweep."""

import json
import os
import shlex
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from shipworthy.config.root import Config
from shipworthy.core.files import read_json, sha256_of_json
from shipworthy.core.groups import TrackerConfig
from shipworthy.core.project import project_root
from shipworthy.track.record.environment import SWEEP


class TrackedSweep:
    """One call of a sweep; the same call again is the same sweep."""

    def __init__(self, command: str, asked: Sequence[str], varied: Sequence[str]) -> None:
        """Nothing has run yet.

        Args:
            asked: all overrides, as they were given.
            varied: those of them that give several values.
        """
        self._about: dict[str, Any] = {
            "name": f"{command}-{sha256_of_json([command, *asked])[:8]}",
            "common": [text for text in asked if text not in varied],
            "varied": " ".join(varied),
            "command": shlex.join(["shipworthy", command, "--multirun", *asked]),
        }
        self._jobs: list[Path] = []
        self._tracker: TrackerConfig | None = None

    @contextmanager
    def job(self, config: Config, overrides: Sequence[str], told: dict[str, Any]) -> Iterator[None]:
        """Inside the block a run knows that it is a job of this sweep.

        Args:
            told: what the run tells of itself (core/events.py), as far as it has.
        """
        os.environ[SWEEP] = json.dumps({**self._about, "job": len(self._jobs), "overrides": list(overrides)})
        try:
            yield
        finally:
            del os.environ[SWEEP]
            if "run_id" in told:
                self._jobs.append((project_root() / config.workspace).parent / "runs" / told["run_id"])
                self._tracker = config.tracker

    def conclude(self) -> None:
        """Tells the tracker what came of it, where its jobs were trainings."""
        found = {path: training for path in self._jobs if (training := _training(path))}
        if self._tracker is None or not found:
            return
        from shipworthy.track.record.groups import measured, sweep_group
        from shipworthy.track.trackers.groups import conclude

        sign = 1 if next(iter(found.values())).get("greater_is_better", True) else -1
        best = max(found, key=lambda path: sign * found[path]["selected_metric"])
        values: dict[str, float | str] = {"jobs/finished": len(found), "jobs/others": len(self._jobs) - len(found)}
        values |= {"best_run": best.name, **measured(found[best])}
        folder = best.parent / "sweeps" / self._about["name"]
        conclude(sweep_group(self._about), self._tracker, folder, values)


def _training(run: Path) -> dict[str, Any]:
    """What a run that has finished says of itself (empty: it has not)."""
    path = run / "checkpoint" / "training.json"
    found: dict[str, Any] = read_json(path) if path.is_file() else {}
    return found if found.get("selected_metric") is not None else {}
