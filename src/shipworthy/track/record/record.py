"""Writes a run's record.json before its first step: config, inputs, code, environment, seeds, command line.

Beside it stands params.yaml, the whole config, what the command did not read too: by it alone the run is repeated.
"""

import os
import sys
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

from shipworthy.core import yaml_text
from shipworthy.core.commands import told
from shipworthy.core.files import sha256_of_file, write_json, write_text
from shipworthy.core.groups import ModelConfig, TrainerConfig
from shipworthy.core.identity import code_version
from shipworthy.core.project import code_root, project_root
from shipworthy.core.secrets import redact
from shipworthy.core.snapshot import SNAPSHOTS, Snapshot
from shipworthy.core.workspace import Workspace
from shipworthy.track.record import code, environment

RECORD, DIFF, PACKAGES, PARAMS = "record.json", "code.diff", "packages.txt", "params.yaml"
PINS = ("data.dvc", "dvc.lock")


def dataset_folder(record: Mapping[str, Any], runs: Path) -> Path:
    """Where a run's dataset stood, from where its runs are now.

    Args:
        record: its record.json.
        runs: the folder of the runs.
    """
    named = Path(record["dataset"])
    # Older records have the absolute path, of a place that may be another checkout's by now.
    return runs.parent.joinpath(*named.parts[-2:]) if named.is_absolute() else runs.parent / named


def seeds(seed: int, trainer: TrainerConfig) -> dict[str, int | None]:
    """Of each source of randomness; None: it is not seeded, for nothing is drawn from it.

    A trainer that makes steps seeds every library (core/seeds.py); a family that fits itself is handed the seed. The
    thread that loads rows draws nothing: their order follows from the seed alone.
    """
    drawn = seed if hasattr(trainer, "steps") else None
    return {"seed": seed, "python": drawn, "numpy": drawn, "torch": drawn, "workers": None}


def write(
    folder: Path, workspace: Workspace, model: ModelConfig, dataset: Path, seeds: Mapping[str, int | None]
) -> None:
    """Writes record.json and what it names into a run's folder, and keeps the code's snapshot.

    Args:
        dataset: the dataset artifact's folder; noted from the folder on that holds `runs/`, wherever that is moved.

    Raises:
        ShipworthyError: a source or config file holds a secret.
    """
    root = project_root()
    packages = environment.packages()
    write_text(folder / PACKAGES, packages)
    # In a snapshot, the project's files may be others by now; the snapshot itself says what was uncommitted.
    changed = code.diff(root) if code_root() == root else ""
    (folder / DIFF).unlink(missing_ok=True)
    if changed:
        write_text(folder / DIFF, changed)
    if workspace.whole:
        write_text(folder / PARAMS, yaml_text.dump(redact(workspace.whole)))
    if (root / "dvc.lock").is_file():
        write_text(folder / "dvc.lock", redact((root / "dvc.lock").read_text(encoding="utf-8")))
    record = {
        "run_id": workspace.run_id,
        "command": workspace.command,
        "name": str(getattr(model, "name", model.kind)),
        "began": workspace.started,
        "config": {**workspace.config},
        "recipe": {**workspace.recipe},
        "inputs": {**workspace.inputs},
        "dataset": Path(os.path.relpath(dataset, folder.parents[1])).as_posix(),
        "seeds": {**seeds},
        "code": {
            **code_version(),
            "lineage": workspace.code,
            "snapshot": Snapshot.now().keep(root / SNAPSHOTS).name,
            "diff": DIFF if changed else "",
        },
        "environment": {**environment.hardware(), "packages": sha256(packages.encode()).hexdigest()},
        "dvc": {pin: sha256_of_file(root / pin) if (root / pin).is_file() else "" for pin in PINS},
        "slurm": environment.slurm(),
        "command_line": sys.argv,
        "arguments": told(),
        "variables": environment.variables(),
        "campaign": environment.campaign(),
        "sweep": environment.sweep(),
    }
    write_json(folder / RECORD, redact(record))
