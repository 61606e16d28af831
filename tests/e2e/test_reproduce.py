"""A run is reproduced to the last bit, and what was changed since is named: a line of code, a library, a row."""

import os
import shutil
import subprocess
from copy import copy
from pathlib import Path

import polars as pl
import pytest

from shipworthy.core.files import read_json
from tests.conftest import PROGRAM, ROOT
from tests.e2e.conftest import Pipeline

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]

COMMITTED = (
    *("src", "conf", "extensions", "params.yaml", "pyproject.toml", "requirements.lock"),
    *(".gitignore", "data.dvc", "dvc.yaml"),
)
LINE = "FIRST_STEPS = 3"


class Project:
    """A Git checkout of its own, whose code is what runs in it."""

    def __init__(self, folder: Path, workspace: Path) -> None:
        self.folder = folder
        for name in COMMITTED:
            if (ROOT / name).is_dir():
                shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy(ROOT / name, folder / name)
        (folder / "data").symlink_to(ROOT / "data")
        for kind in ("plan", "dataset"):
            shutil.copytree(workspace / kind, folder / "artifacts" / kind)
        self.git("init", "--quiet")
        self.git("add", ".")
        self.git("-c", "user.name=t", "-c", "user.email=t@t", "commit", "--quiet", "--message=all")

    def git(self, *arguments: str) -> None:
        subprocess.run(["git", *arguments], cwd=self.folder, check=True)

    def call(self, *arguments: str, path: tuple[Path, ...] = ()) -> subprocess.CompletedProcess[str]:
        searched = os.pathsep.join(map(str, [*path, self.folder / "src"]))
        return subprocess.run(
            [PROGRAM, *arguments],
            cwd=self.folder,
            env={**os.environ, "PYTHONPATH": searched},
            capture_output=True,
            text=True,
            check=False,
        )

    def ok(self, *arguments: str, path: tuple[Path, ...] = ()) -> list[str]:
        """The lines that it prints; fails if it fails."""
        done = self.call(*arguments, path=path)
        assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
        return done.stdout.splitlines()


@pytest.fixture(scope="module")
def project(smoke: Pipeline, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """With a run of the smoke recipe, trained with a line that was not committed."""
    project = Project(tmp_path_factory.mktemp("project") / "p", smoke.to("prepare"))
    (project.folder / "src" / "shipworthy" / "uncommitted.py").write_text('"""Not known to Git yet."""\n')
    project.ok("train", "experiment=smoke", "tracker=mlflow")
    return project


@pytest.fixture(scope="module")
def run(project: Project) -> Path:
    """Its folder."""
    (record,) = (project.folder / "runs").glob("*/record.json")
    return record.parent


def reproduce(project: Project, run: Path, *arguments: str, path: tuple[Path, ...] = ()) -> tuple[list[str], str]:
    """What differed, and the verdict."""
    lines = project.ok("reproduce", run.name[:8], *arguments, path=path)
    result = read_json(run / "reproduction.json")
    said = [line.removeprefix("differs: ") for line in lines if line.startswith("differs: ")]
    assert said == result["differences"]
    assert lines[-1] == result["verdict"]
    return said, lines[-1]


def test_it_is_identical_and_has_the_same_id(project: Project, run: Path):
    assert reproduce(project, run) == ([], "identical")
    again = read_json(run / "reproduction.json")
    assert again["run_id"] == run.name
    assert all(again["files"].values()) and "adapter/adapter_model.safetensors" in again["files"]


def test_a_changed_line_is_named_and_the_runs_own_code_runs(project: Project, run: Path):
    source = project.folder / "src" / "shipworthy" / "train" / "lightning" / "setup.py"
    text = source.read_text()
    source.write_text(text.replace(LINE, "FIRST_STEPS = 2"))
    try:
        differing, verdict = reproduce(project, run)
    finally:
        source.write_text(text)
    (named,) = differing
    assert named.startswith("code: src/shipworthy/train/lightning/setup.py, line ")
    assert named.endswith(f"`FIRST_STEPS = 2`, was `{LINE}`")
    assert verdict == "identical"


def test_without_its_snapshot_the_code_comes_from_git_and_the_diff(project: Project, run: Path):
    snapshots = project.folder / "runs" / "snapshots"
    snapshots.rename(snapshots.with_name("elsewhere"))
    try:
        assert reproduce(project, run) == ([], "identical")
    finally:
        snapshots.with_name("elsewhere").rename(snapshots)


def test_a_changed_library_is_named(project: Project, run: Path, tmp_path: Path):
    other = tmp_path / "peft-0.0.1.dist-info"
    other.mkdir()
    (other / "METADATA").write_text("Metadata-Version: 2.1\nName: peft\nVersion: 0.0.1\n")
    differing, _ = reproduce(project, run, path=(tmp_path,))
    (named,) = differing
    assert named.startswith("library peft: 0.0.1, was ")


def test_a_changed_row_is_named_and_the_dataset_made_again(project: Project, run: Path):
    train = project.folder / "artifacts" / "dataset" / "train.parquet"
    before = train.read_bytes()
    rows = pl.read_parquet(train)
    changed = rows["id"][3]
    here = pl.col("id") == changed
    rows.with_columns(pl.when(here).then(pl.lit("Other")).otherwise(pl.col("answer")).alias("answer")).write_parquet(
        train
    )
    try:
        differing, verdict = reproduce(project, run)
    finally:
        train.write_bytes(before)
    assert differing == [f"data: train row {changed} is another"]
    assert verdict == "identical"


def test_where_the_project_was_moved_to_its_rows_are_found(project: Project, run: Path):
    moved = copy(project)
    moved.folder = project.folder.with_name("moved")
    project.folder.rename(moved.folder)
    try:
        said = moved.ok("trace", f"runs/{run.name}", "step=2")
        assert reproduce(moved, moved.folder / "runs" / run.name) == ([], "identical")
    finally:
        moved.folder.rename(project.folder)
    assert said[0].startswith(f"step 2 of {run.name}: loss ") and len(said) == 1 + 4


def test_code_that_changes_what_comes_out_is_told_where_it_parts(project: Project, run: Path):
    source = project.folder / "src" / "shipworthy" / "train" / "optimizers" / "groups.py"
    text = source.read_text()
    source.write_text(text.replace("lr = config.lr", "lr = 2 * config.lr", 1))
    assert source.read_text() != text
    before = project.folder / "runs" / "reproduced" / run.name
    shutil.rmtree(before, ignore_errors=True)
    (before / "runs" / "0123" / "checkpoint").mkdir(parents=True)  # of a repetition with other code that was killed
    try:
        done = project.call("reproduce", run.name, "code=present")
    finally:
        source.write_text(text)
    assert done.returncode == 1
    assert "metrics: they differ from step 1 on" in done.stdout
    assert len(list(before.glob("runs/*/checkpoint"))) == 1
    assert "was not reproduced" in done.stderr and "Traceback" not in done.stderr
    assert read_json(run / "reproduction.json")["verdict"] == "different"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nosuch"], "nosuch"),
        ([], "it is shipworthy reproduce RUN"),
        (["a", "b"], "it is shipworthy reproduce RUN"),
        (["a", "tolerance=2"], "tolerance=2"),
        (["a", "code=mine"], "code=mine: give one of run, present"),
    ],
)
def test_what_cannot_be_reproduced_is_one_sentence(project: Project, run: Path, arguments: list[str], said: str):
    done = project.call("reproduce", *arguments)
    assert done.returncode == 2
    assert said in done.stderr and len(done.stderr.strip().splitlines()) == 1
