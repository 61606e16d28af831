"""Runs a run again, in a clean folder, and says what differs: before it starts, and in what came out."""

import shutil
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from shipworthy.core import gpus, json_lines, words
from shipworthy.core.artifact import MANIFEST, read_artifact
from shipworthy.core.errors import ShipworthyError, UsageError
from shipworthy.core.files import read_json, write_json
from shipworthy.core.identity import author, environment, lock_hash, source_hash
from shipworthy.core.locks import FOLDER as LOCKS
from shipworthy.core.locks import own, reading
from shipworthy.core.progress import say
from shipworthy.core.project import project_root
from shipworthy.core.snapshot import SNAPSHOTS
from shipworthy.core.workspace import lock_of
from shipworthy.track.record.environment import packages
from shipworthy.track.reproduce import differences, outcome, restore
from shipworthy.track.runs.project_paths import project_paths
from shipworthy.track.runs.registry import find

USAGE = """\
shipworthy reproduce RUN [code=run|present] [tolerance=0.001] [workspace=artifacts]

RUN        its id, the beginning of one, or its folder
code       the run's own, or that of now
tolerance  how far the metric may be away to count as the same (0 to 1)
workspace  the folder of artifacts beside whose runs/ it stands
"""
FOLDER, RESULT, RESULTS = "reproduced", "reproduction.json", "reproductions.jsonl"


def run(arguments: Sequence[str]) -> None:
    """Repeats a finished run, and writes reproduction.json into its folder; two who repeat it take turns.

    Raises:
        UsageError: no such run, or it did not finish.
        ShipworthyError: code or data can't be had as they were, the repetition failed, or what came out is another.
    """
    name, code, tolerance, workspace = _asked(arguments)
    here = project_paths(workspace)
    folder = find(here.runs, name).folder
    place = here.runs / LOCKS / f"{FOLDER}.{folder.name}"
    with (
        own(place, f"the reproduction of run {folder.name}", code),
        reading(lock_of(here.artifacts / "dataset")),
        reading(lock_of(here.artifacts / "plan")),
    ):
        _repeat(folder, here.runs, code, tolerance)


def _repeat(folder: Path, runs: Path, code: str, tolerance: float) -> None:
    root = project_root()
    if not (folder / "checkpoint" / MANIFEST).is_file():
        raise UsageError(f"{folder.name} did not finish, so there is nothing to compare with: run it to its end first.")
    then = read_artifact(folder / "checkpoint", "checkpoint")
    record = read_json(folder / "record.json")
    target = runs / FOLDER / folder.name
    if (target / RESULT).is_file() or not _holds(target, record, code):
        shutil.rmtree(target, ignore_errors=True)  # compared already, or killed with other code: begun anew
    found = restore.code(record, folder, root, target) if code == "run" else restore.present(root, target)
    say(f"code: {found}, into {target}")
    differing = _differences(record, folder, root, target if code == "run" else None)
    restore.data(record, restore.config(record, folder, target, code), runs, root, target)
    restore.shipworthy("train", record, target)
    (again,) = (target / "runs").glob("*/checkpoint")
    compared = outcome.compare(then, read_artifact(again, "checkpoint"), tolerance)
    for line in compared.lines():
        say(line)
    result = {
        **compared.to_json(),
        "differences": differing,
        "run_id": again.parent.name,
        "folder": f"{FOLDER}/{folder.name}",
    }
    write_json(target / RESULT, result)
    write_json(folder / RESULT, result)
    json_lines.append(folder / RESULTS, {"time": time.time(), "by": author(), **result})
    if compared.verdict is outcome.Verdict.DIFFERENT:
        raise ShipworthyError(f"{folder.name} was not reproduced; what came out instead is in {again}.")


def _holds(target: Path, record: Mapping[str, Any], code: str) -> bool:
    """Whether a repetition that was killed left the code that is asked for now: then it goes on."""
    own = (record["code"]["source"], record["environment"]["lock"])
    return restore.version(target) == (own if code == "run" else (source_hash(), lock_hash()))


def _asked(arguments: Sequence[str]) -> tuple[str, str, float, str]:
    asked = words.read(USAGE, arguments)
    try:
        tolerance = float(asked["tolerance"])
    except ValueError:
        tolerance = -1.0
    if not 0 <= tolerance < 1:
        raise UsageError(f"tolerance={asked['tolerance']} is no share: give a number from 0 to below 1.")
    return asked.names[0], asked["code"], tolerance, asked["workspace"]


def _differences(record: Mapping[str, Any], run: Path, root: Path, own: Path | None) -> list[str]:
    """Says what differs from when the run was made.

    Args:
        own: where the run's own code stands, if it is what will run.
    """
    snapshot = own or root / SNAPSHOTS / str(record["code"]["snapshot"])
    parts = {
        "code": differences.code(snapshot, root),
        "": [
            *differences.packages((run / "packages.txt").read_text(encoding="utf-8"), packages()),
            *differences.hardware(record["environment"], _machine()),
        ],
        "data": differences.data(record, run.parent, root),
    }
    found = [f"{part}: {one}" if part else one for part, all_of_it in parts.items() for one in all_of_it]
    for one in found:
        say(f"differs: {one}")
    if not found:
        say("nothing differs: code, libraries, machine and data are those of the run")
    if parts["code"] and own:
        say("the code that runs is the run's own; code=present would run that of now")
    return found


def _machine() -> dict[str, Any]:
    import torch  # noqa: F401  # environment() asks it, where it is loaded, for threads and CUDA, as in a training

    driver = gpus.driver()
    return {**environment(), "driver": driver.version if driver else ""}
