"""A sweep's folder: what was asked for, and what became of each job.

    runs/sweeps/<id>/
        sweep.json          command, snapshot, settings, jobs, submissions
        job.sbatch          what was submitted last
        jobs/<n>/           params.yaml: its config; status.json: written by the job itself; log-<rank>.txt

The id is the Slurm job's name too, so that its jobs are found even if the submitter was killed before noting them.
"""

import os
import secrets
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from shipworthy.core import records
from shipworthy.core.files import read_json, write_json, write_text

FOLDER = Path("runs") / "sweeps"
RECORD, PARAMS, STATUS, SCRIPT = "sweep.json", "params.yaml", "status.json", "job.sbatch"


@dataclass
class Sweep:
    """A sweep as it is in its folder.

    Attributes:
        folder: absolute.
        record: the content of sweep.json: `command`; `snapshot` (the code's folder, from the project's root on);
            `settings` (of the launcher); `jobs`, each with its `overrides`; `submissions`, each with `job` (None
            until Slurm has answered), `indices` and `at` (epoch seconds); `cancelled`, the jobs' ids (`ARRAY_TASK`)
            that it was told to cancel; `made` (epoch seconds).
    """

    folder: Path
    record: dict[str, Any]

    @classmethod
    def new(
        cls,
        root: Path,
        command: str,
        snapshot: Path,
        settings: Mapping[str, Any],
        jobs: Sequence[Sequence[str]],
    ) -> "Sweep":
        """A sweep of which nothing is written or submitted yet.

        Args:
            root: the project's.
            jobs: the overrides of each.
        """
        made = time.time()
        name = f"{command}-{time.strftime('%Y%m%d-%H%M%S', time.localtime(made))}-{secrets.token_hex(2)}"
        return cls(
            root / FOLDER / name,
            {
                "command": command,
                "snapshot": os.path.relpath(snapshot, root),
                "settings": dict(settings),
                "jobs": [{"overrides": list(overrides)} for overrides in jobs],
                "submissions": [],
                "cancelled": [],
                "made": made,
            },
        )

    def make(self, params: Sequence[str]) -> None:
        """Makes its folder, with each job's whole config (YAML)."""
        for number, text in enumerate(params):
            write_text(self.job(number) / PARAMS, text)
        self.save()

    @classmethod
    def find(cls, root: Path, name: str) -> "Sweep":
        """The sweep of this id.

        Raises:
            UsageError: there is none; the sentence names the newest.
        """
        folder = records.find(root / FOLDER, name, RECORD, "sweep")
        return cls(folder, read_json(folder / RECORD))

    @property
    def root(self) -> Path:
        """The project's, in which it stands."""
        return self.folder.parents[len(FOLDER.parts)]

    @property
    def snapshot(self) -> Path:
        """The code's folder."""
        return Path(os.path.normpath(self.root / self.record["snapshot"]))

    @property
    def name(self) -> str:
        """Its id."""
        return self.folder.name

    @property
    def size(self) -> int:
        """How many jobs it has."""
        return len(self.record["jobs"])

    def refresh(self) -> None:
        """Reads the record anew."""
        self.record = read_json(self.folder / RECORD)

    def save(self) -> None:
        """Writes the record."""
        write_json(self.folder / RECORD, self.record)

    def job(self, number: int) -> Path:
        """The folder of a job."""
        return self.folder / "jobs" / str(number)

    def overrides(self, number: int) -> str:
        """What makes a job differ from the others; of a single job, all that it was given."""
        all_of_them = [job["overrides"] for job in self.record["jobs"]]
        own = [one for one in all_of_them[number] if not all(one in others for others in all_of_them)]
        return " ".join(own or all_of_them[number])

    def about(self, number: int) -> dict[str, Any]:
        """What a job's run keeps of the sweep in its record (track/record/environment.py)."""
        all_of_them = [job["overrides"] for job in self.record["jobs"]]
        common = [one for one in all_of_them[0] if all(one in others for others in all_of_them)]
        keys = dict.fromkeys(one.partition("=")[0] for each in all_of_them for one in each if one not in common)
        return {
            "name": self.name,
            "job": number,
            "overrides": all_of_them[number],
            "common": common if len(all_of_them) > 1 else [],
            "varied": " ".join(keys),
            "command": f"shipworthy sweep collect {self.name}",
        }

    def status(self, number: int) -> dict[str, Any] | None:
        """What a job says of itself; None as long as it said nothing."""
        path = self.job(number) / STATUS
        if not path.is_file():
            return None
        found: dict[str, Any] = read_json(path)
        # Slurm may have ended the first process, which writes the status, right after another one failed.
        if found["state"] == "running" and (others := sorted(self.job(number).glob("failed-*.json"))):
            found |= {"state": "failed", "said": read_json(others[0])["said"]}
        return found

    def last_lines(self, number: int, count: int = 8) -> list[str]:
        """The end of a job's log: of the process that failed, if one noted so, else of the first."""
        ranks = [int(path.stem.rpartition("-")[2]) for path in self.job(number).glob("failed-*.json")]
        settings = self.record["settings"]
        # Slurm knows one task on each node where torchrun starts the processes.
        share = int(settings.get("tasks_per_node", 1)) if settings.get("start") == "torchrun" else 1
        for path in (self.job(number) / f"log-{min(ranks, default=0) // share}.txt", self.job(number) / "batch.txt"):
            if path.is_file() and (text := path.read_text(encoding="utf-8", errors="replace").strip()):
                return text.splitlines()[-count:]
        return []
