"""The commands of a recipe in their order: what runs, what is left, and how it ends; the stages are played."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest
import yaml

from shipworthy.cli import COMMANDS, main
from shipworthy.config.compose import compose
from shipworthy.config.root import Config
from shipworthy.core.errors import UsageError
from shipworthy.core.workspace import Workspace
from shipworthy.execution import pipeline as pipelines
from shipworthy.execution.current import Inputs
from shipworthy.execution.pipeline import ARTIFACTS, StageFailedError, in_own_workspace, pipeline
from shipworthy.execution.stage import workspace_of
from tests.conftest import ROOT, Shipworthy, one_sentence

ALL = list(ARTIFACTS)
AFTER_COMPRESS = ["compress", "bench", "package", "report"]
AFTER_EVALUATE = ["general", "judge", *AFTER_COMPRESS]
STAGES = yaml.safe_load((ROOT / "dvc.yaml").read_text(encoding="utf-8"))["stages"]


def test_the_commands_are_those_of_the_command_line_and_what_they_make_is_what_dvc_knows() -> None:
    assert ["fetch", *ALL] == list(COMMANDS)
    assert {command: [f"artifacts/{kind}"] for command, kind in ARTIFACTS.items()} == {
        command: stage["outs"] for command, stage in STAGES.items() if command != "code"
    }


def composed(recipe: Sequence[str]) -> Config:
    return once(tuple(recipe))


@cache
def once(recipe: tuple[str, ...]) -> Config:
    return compose(recipe)


class Played:
    """Runs commands without their stages: reads what dvc.yaml says, and writes what follows from config and inputs.

    Attributes:
        ran: the commands, in order.
        failing: what a command ends with instead, e.g. {"train": 3}.
        project: where `data/` is.
    """

    def __init__(self, project: Path, of: Callable[..., Workspace]) -> None:
        self.ran: list[str] = []
        self.failing: dict[str, int] = {}
        self.project = project
        self.workspace_of = of

    def place(self, command: str, config: Config) -> Workspace:
        return self.workspace_of(command, config)

    def __call__(self, command: str, recipe: Sequence[str], descriptors: Sequence[int] = ()) -> None:
        if code := self.failing.get(command):
            raise StageFailedError(command, code)
        if command == "fetch":
            return
        self.ran.append(command)
        config = composed(recipe)
        workspace = self.workspace_of(command, config)
        for dep in STAGES[command]["deps"]:
            kind = dep.removeprefix("artifacts/").split("/")[0]
            if dep.startswith("artifacts/") and kind != "code":
                workspace.read(kind)
            elif dep.startswith("data/"):
                name = f"data/{config.data.file}"  # type: ignore[attr-defined]
                workspace.uses({name: Inputs(workspace.root, self.project).digest(name)})
        if command == "train":
            workspace.inputs.pop("plan")
        # A dataset of the same rows comes out whatever the model is.
        rows = f"{workspace.inputs} {workspace.config.get('data')}"
        content = rows if command == "prepare" else workspace.run_id
        with workspace.write(ARTIFACTS[command]) as folder:
            (folder / "content").write_text(content)
            (folder / "summary.txt").write_text("VERDICT: SHIP")


@pytest.fixture
def played(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Played:
    """Instead of processes."""

    def of(command: str, config: Config) -> Workspace:
        return replace(workspace_of(command, config), root=tmp_path / "work" / "artifacts")

    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "adult.parquet").write_text("rows")
    play = Played(tmp_path, of)
    monkeypatch.setattr(pipelines, "workspace_of", play.place)
    monkeypatch.setattr(pipelines, "compose", composed)
    monkeypatch.setattr(pipelines, "project_root", lambda: tmp_path)
    monkeypatch.setattr(pipelines, "_run", play)
    return play


RECIPE = ["experiment=adult_xgboost", "workspace=work/artifacts"]


def again(played: Played, *overrides: str) -> list[str]:
    """What the pipeline runs now."""
    played.ran.clear()
    pipeline([*RECIPE, *overrides])
    return list(played.ran)


def test_all_commands_run_once_and_then_none_and_each_is_said(
    played: Played, capsys: pytest.CaptureFixture[str]
) -> None:
    assert again(played) == ALL
    said = capsys.readouterr().out
    assert all(f"{command}: not made yet" in said for command in ALL)
    assert again(played) == []
    *lines, last = capsys.readouterr().out.splitlines()
    assert lines == [f"{command}: {kind} is current" for command, kind in ARTIFACTS.items()]
    assert last == "VERDICT: SHIP"


@pytest.mark.parametrize(
    ("overrides", "expected"),
    [
        (["quant.sample=50"], AFTER_COMPRESS),
        (["engine.requests=50"], ["bench", "package", "report"]),
        (["model.rounds=7"], ALL),
        (["task.criteria.alpha=0.02"], ALL),
        (["compute.price_per_hour=3"], ["plan", "evaluate", *AFTER_EVALUATE]),
        (["tracker=none"], []),
        (["data.workers=2"], []),
        (["note='why'"], []),
        (["data.split.test=0.3"], ["plan", "prepare", "baseline", "train", "evaluate", *AFTER_EVALUATE]),
        (["seed=3"], ALL),
    ],
)
def test_what_a_setting_changes_runs_again_and_nothing_else(
    played: Played, overrides: list[str], expected: list[str]
) -> None:
    again(played)
    assert again(played, *overrides) == expected
    assert again(played, *overrides) == []


@pytest.mark.parametrize("command", ALL)
def test_other_code_runs_its_command_again_and_what_follows_from_what_it_makes(played: Played, command: str) -> None:
    again(played)
    before = played.workspace_of

    def of(name: str, config: Config) -> Workspace:
        made = before(name, config)
        return replace(made, code="edited") if name == command else made

    played.workspace_of = of
    ran = again(played)
    if command == "prepare":  # the same rows came out
        assert ran == ["prepare"]
    else:
        reads = {name: STAGES[name]["deps"] for name in ALL}
        stale = [command]
        for name in ALL[ALL.index(command) + 1 :]:
            made = {f"artifacts/{ARTIFACTS[one]}" for one in stale} - ({"artifacts/plan"} if name == "train" else set())
            if any("/".join(dep.split("/")[:2]) in made for dep in reads[name]):
                stale.append(name)
        assert ran == stale
    assert again(played) == []


def test_other_raw_rows_run_all_again(played: Played) -> None:
    again(played)
    (played.project / "data" / "adult.parquet").write_text("other rows")
    assert again(played) == ALL


def test_what_is_damaged_or_gone_is_made_again(played: Played) -> None:
    again(played)
    artifacts = played.project / "work" / "artifacts"
    (artifacts / "bench" / "content").write_text("spoiled")
    assert again(played) == ["bench"], "what came out is the same, so nothing follows"
    (artifacts / "report" / "manifest.json").unlink()
    assert again(played) == ["report"]


def test_it_stops_at_the_first_that_fails_and_goes_on_from_there(played: Played) -> None:
    played.failing = {"evaluate": 3}
    with pytest.raises(
        StageFailedError, match="evaluate ended with 3, .*the same command goes on from there"
    ) as caught:
        again(played)
    assert caught.value.exit_code == 3
    assert played.ran == ["plan", "prepare", "baseline", "train"]
    played.failing = {}
    assert again(played) == ["evaluate", *AFTER_EVALUATE]


def test_a_report_that_was_made_too_early_is_made_again(played: Played) -> None:
    again(played)
    workspace = played.workspace_of("report", compose(RECIPE))
    for kind in ("plan", "dataset", "baseline", "checkpoint", "evaluation"):
        workspace.read(kind)
    with workspace.write("report") as folder:
        (folder / "summary.txt").write_text("no bench yet")
    assert again(played) == ["report"]


def test_an_experiment_has_a_workspace_of_its_own() -> None:
    assert in_own_workspace(["experiment=adult_xgboost", "seed=1"])[-1] == "workspace=work/adult_xgboost/artifacts"
    assert in_own_workspace(given := ["experiment=smoke", "workspace=elsewhere"]) == given
    assert in_own_workspace(["seed=1"]) == ["seed=1"]


@pytest.mark.parametrize(
    ("recipe", "setting", "sentence"),
    [
        ("smoke", "sample=1%", "sample=1% leaves no checkpoint"),
        ("smoke", "preflight=only", "preflight=only leaves no checkpoint"),
        ("adult_xgboost", "preflight=only", "preflight=only leaves no checkpoint"),
        ("adult_xgboost", "sample=1%", "sample=1% needs a trainer that makes steps, not 'classical'"),
    ],
)
def test_a_recipe_without_a_checkpoint_is_refused(recipe: str, setting: str, sentence: str) -> None:
    with pytest.raises(UsageError, match=sentence):
        pipeline([f"experiment={recipe}", setting])


@pytest.mark.parametrize("option", [["-m"], ["--params", "params.yaml"]])
def test_options_are_refused(option: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["pipeline", "experiment=adult_xgboost", *option]) == 2
    assert "pipeline takes no --option" in capsys.readouterr().err


def test_a_mistake_in_the_recipe_is_one_sentence_and_nothing_runs(shipworthy: Shipworthy) -> None:
    done = shipworthy("pipeline", "experiment=adult_xgbost")
    assert done.returncode == 2 and "did you mean experiment=adult_xgboost?" in one_sentence(done)


CHILD = "import signal, sys, time; print('ready', flush=True); time.sleep(60)"
PARENT = f"""
import subprocess, sys
from shipworthy.execution import pipeline
class Popen(subprocess.Popen):
    def __init__(self, command, **how):
        super().__init__([sys.executable, "-c", {CHILD!r}], **how)
pipeline.subprocess.Popen = Popen
try:
    pipeline._run("train", [])
except pipeline.StageFailedError as error:
    print(error, error.exit_code)
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_the_command_too(number: signal.Signals) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", PARENT], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as parent:
        assert parent.stdout is not None and parent.stdout.readline() == "ready\n"
        os.kill(parent.pid, number)
        said = parent.stdout.read()
    assert re.fullmatch(rf"train ended with \d+, .* {128 + number}\n", said)
