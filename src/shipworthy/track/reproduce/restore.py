"""Restores a run's code, config and data, as they were, into a clean folder."""

import os
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Mapping
from io import BytesIO
from pathlib import Path
from typing import Any

from shipworthy.core import yaml_text
from shipworthy.core.artifact import MANIFEST, OTHER_RUN, read_artifact
from shipworthy.core.errors import ShipworthyError
from shipworthy.core.extensions import FOLDER, in_folder, installed, module_files
from shipworthy.core.files import read_json, sha256_of_file, sha256_of_json, write_json, write_text
from shipworthy.core.identity import LOCK, SHARED
from shipworthy.core.progress import say
from shipworthy.core.project import SNAPSHOT
from shipworthy.core.snapshot import SNAPSHOTS, TAKEN, Snapshot
from shipworthy.track.record.record import PARAMS, dataset_folder
from shipworthy.track.reproduce import rows
from shipworthy.track.reproduce.differences import dataset

IN_PROCESS = {"quant": {"kind": "none"}, "engine": {"kind": "in_process"}}
"""How a family without an adapter is served."""
NUMERIC = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "CUBLAS_WORKSPACE_CONFIG")
"""Variables on which the weights' last bits may depend."""


def code(record: Mapping[str, Any], run: Path, project: Path, target: Path) -> str:
    """Puts the run's own code into `target`; says where it was found.

    Args:
        record: the run's record.json.
        run: its folder.
        project: the root of the project, a Git checkout at best.

    Raises:
        ShipworthyError: neither its snapshot nor Git has it.
    """
    source, snapshot = record["code"]["source"], project / SNAPSHOTS / record["code"]["snapshot"]
    if record["code"]["snapshot"] and snapshot.is_dir() and source_hash(snapshot) == source:
        shutil.copytree(snapshot, target, dirs_exist_ok=True)
        return f"from {snapshot.relative_to(project)}"
    sha = record["code"]["git_sha"]
    if sha and _from_git(sha, run / "code.diff", project, target) and source_hash(target) == source:
        write_json(target / SNAPSHOT, {key: record["code"][key] for key in ("git_sha", "uncommitted", "source")})
        return f"from Git, {sha[:12]}" + (" and the run's code.diff" if record["code"]["diff"] else "")
    raise ShipworthyError(
        f"the code of {run.name} can no longer be found as it was: {snapshot} is gone or was changed, and Git's "
        f"{sha[:12] or '(no commit)'} with {run / 'code.diff'} does not give it; take code=present to run it with the "
        "code of now."
    )


def source_hash(root: Path) -> str:
    """As core.identity.source_hash, of the package and the extensions in `root`, and of those installed."""
    package = root / "src" / "shipworthy"
    files = {str(path.relative_to(package)): path for path in sorted(package.rglob("*.py"))}
    files |= module_files([*in_folder(root / FOLDER), *installed()])
    return sha256_of_json({name: sha256_of_file(path) for name, path in files.items()})


def version(root: Path) -> tuple[str, str]:
    """What a run's id takes of the code in `root`: the hashes of the package and of the lock (empty: there is none)."""
    lock = root / LOCK
    return source_hash(root), sha256_of_file(lock) if lock.is_file() else ""


def _from_git(sha: str, diff: Path, project: Path, target: Path) -> bool:
    listed = ["git", *SHARED, "ls-tree", "-z", "--name-only", sha]
    there = subprocess.run(listed, cwd=project, capture_output=True, check=False)
    names = [name for name in ("src", *TAKEN) if name.encode() in there.stdout.split(b"\0")]
    archive = subprocess.run(["git", *SHARED, "archive", sha, *names], cwd=project, capture_output=True, check=False)
    if archive.returncode:
        return False
    target.mkdir(parents=True, exist_ok=True)
    with tarfile.open(fileobj=BytesIO(archive.stdout)) as files:
        files.extractall(target, filter="data")
    if not diff.is_file() or not diff.stat().st_size:
        return True
    included = [part for name in ("src", *TAKEN) for part in ("--include", name if "." in name else f"{name}/*")]
    applied = subprocess.run(
        ["git", "apply", *included, str(diff)],
        cwd=target,
        # The folder lies inside a checkout, to which the diff must not be applied.
        env={**os.environ, "GIT_CEILING_DIRECTORIES": str(target.parent)},
        capture_output=True,
        check=False,
    )
    return applied.returncode == 0


def present(project: Path, target: Path) -> str:
    """Puts the code of now into `target`."""
    shutil.copytree(Snapshot.now().keep(project / SNAPSHOTS), target, dirs_exist_ok=True)
    return "that of now"


def config(record: Mapping[str, Any], run: Path, target: Path, code: str) -> dict[str, Any]:
    """The whole config of a run, as it was resolved then.

    Args:
        record: the run's record.json.
        run: its folder.
        target: where the code stands that will read it.
        code: `run`, or `present`, which may have parts of the config that there were none of then.
    """
    if not (run / PARAMS).is_file():  # before runs kept it: what `train` was not given is what its code had
        own = IN_PROCESS if record["config"]["adapter"]["kind"] == "none" else {}
        return {**yaml_text.read(target / PARAMS), **own, **record["config"]}
    later = yaml_text.read(target / PARAMS) if code == "present" else {}
    whole = {**later, **yaml_text.read(run / PARAMS)}
    if other := _other_run(record):  # which may have been named by its folder
        whole["trainer"] = {**whole["trainer"], "continue_from": other[0]}
    return whole


def _other_run(record: Mapping[str, Any]) -> tuple[str, str] | None:
    """The run that a run goes on from, and the digest of the checkpoint that it begins with."""
    inputs = record["inputs"].items()
    return next(((name[len(OTHER_RUN) :], digest) for name, digest in inputs if name.startswith(OTHER_RUN)), None)


def write(whole: Mapping[str, Any], target: Path) -> None:
    """Writes a config as it is tried in `target`."""
    # The machine was good enough then; and what is tried here is no run of the project, so it is tracked nowhere.
    own = {"workspace": "artifacts", "tracker": {"kind": "none"}, "preflight": "off", "resume": "auto"}
    trainer = {**whole["trainer"], "accept_unfit_plan": True}
    write_text(target / PARAMS, yaml_text.dump({**whole, **own, "trainer": trainer}))


def data(record: Mapping[str, Any], whole: Mapping[str, Any], runs: Path, project: Path, target: Path) -> None:
    """Puts the run's config, dataset and plan into `target`; what is gone is made again from the raw data.

    Args:
        record: the run's record.json.
        whole: its config.
        runs: the folder of the runs.
        project: the root of the project.

    Raises:
        ShipworthyError: what was made again is another dataset.
    """
    workspace = target / "artifacts"
    for name in ("data", "toolchains"):
        (target / name).unlink(missing_ok=True)
        (target / name).symlink_to(os.path.relpath((project / name).absolute(), target.resolve()))
    kept = rows.folder_of(runs, record["inputs"]["dataset"])
    if found := dataset(record, runs):
        found.copy_to(workspace / "dataset")
    else:
        say("the run's dataset is made again")
        write({**whole, **read_json(kept / MANIFEST)["config"]}, target)  # it was made for another model, maybe
        shipworthy("prepare", record, target)
    write(whole, target)
    made, place = read_artifact(workspace / "dataset", "dataset"), dataset_folder(record, runs)
    if made.digest != record["inputs"]["dataset"]:
        named = "; ".join(rows.compare(kept, made.path))
        raise ShipworthyError(
            f"the run's dataset can't be had as it was ({named or 'the rows are the same, other files are not'}): "
            f"bring it back, `dvc checkout` say, to {place}, or the raw data, and run this again."
        )
    plan = place.parent / "plan"
    if (plan / MANIFEST).is_file():
        read_artifact(plan, "plan").copy_to(workspace / "plan")
    else:
        shipworthy("plan", record, target)
    if other := _other_run(record):
        _checkpoint(runs / other[0], other[1], target / "runs" / other[0])


def _checkpoint(run: Path, digest: str, target: Path) -> None:
    """Copies what a run went on from: one checkpoint of another, and what is known of that one."""
    for path in sorted(run.glob("step-*"), reverse=True):
        if (found := read_artifact(path, "resume")).digest == digest:
            found.copy_to(target / path.name)
            for known in run.glob("*.json"):
                shutil.copy2(known, target)
            return
    raise ShipworthyError(
        f"the run went on from a checkpoint of run {run.name} that is no longer there: bring back {run}, or reproduce "
        "that run first, with as many checkpoints kept (trainer.keep)."
    )


def shipworthy(command: str, record: Mapping[str, Any], target: Path) -> None:
    """Runs a command of the code in `target`, with the run's own variables that numbers may depend on.

    Raises:
        ShipworthyError: it failed; what it said stands above.
    """
    numeric = {name: value for name, value in record["variables"].items() if name in NUMERIC}
    environment = {key: value for key, value in os.environ.items() if key not in NUMERIC}
    done = subprocess.run(
        [sys.executable, "-c", "from shipworthy.cli import entry; entry()", command, "--params", PARAMS],
        cwd=target,
        env={**environment, **numeric, "PYTHONPATH": str(target / "src")},
        check=False,
    )
    if done.returncode:
        raise ShipworthyError(f"{command} ended with {done.returncode} in {target}: what it said stands above.")
