"""The command line: help without heavy imports, and one sentence for what was written wrong."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from shipworthy.cli import COMMANDS, main
from shipworthy.config.root import Config
from shipworthy.execution.reads import stage_groups
from tests.conftest import ROOT, Shipworthy, one_sentence

HEAVY = {"torch", "transformers", "lightning", "peft", "mlflow", "wandb", "sklearn", "polars", "pandas", "hydra"}


def modules_after(code: str) -> set[str]:
    """The top-level modules that a fresh Python has imported after `code`."""
    script = f"import sys\n{code}\nprint(*sorted({{name.partition('.')[0] for name in sys.modules}}))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    return set(done.stdout.splitlines()[-1].split())


def test_help_names_every_command_and_imports_nothing_heavy(shipworthy: Shipworthy) -> None:
    done = shipworthy("--help")
    assert done.returncode == 0
    assert all(f"  {name} " in done.stdout for name in COMMANDS)
    loaded = modules_after("from shipworthy.cli import main\nmain(['--help'])")
    assert not loaded & (HEAVY | {"omegaconf", "numpy"})


def test_composing_the_config_imports_no_library_that_trains() -> None:
    loaded = modules_after("from shipworthy.config.compose import compose\ncompose([])")
    assert not loaded & (HEAVY - {"hydra"})
    assert "hydra" in loaded  # that the probe sees what is imported


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ("train model.lora_rnak=8", "adapter.rank"),
        ("train adapter.rnak=8", "adapter.rank"),
        ("train optimzer=adamw", "did you mean optimizer?"),
        ("train modle=xgboost", "did you mean model?"),
        ("train +model.x=1", "there is no model.x"),
        ("train +foo=1", "there is no foo"),
        ("train optimizer=adamv", "optimizer=adamw"),
        ("train experiment=smok", "experiment=smoke"),
        ("train optimizer._target_=os.system", "names a class to import"),
        ("train +optimizer._target_=os.system", "names a class to import"),
        ("train ++optimizer._target_=os.system", "optimizer._target_ names a class to import"),
        ("train +_target_=os.system", "_target_ names a class to import"),
        ("train optimizer={_target_:os.system}", "_target_ names a class to import"),
        ("train +optimizer.x.y=[{_target_:os.system}]", "_target_ names a class to import"),
        ("train hydra.launcher._target_=os.system", "hydra.launcher._target_ names a class to import"),
        ("train -m +hydra.launcher._target_=os.system", "hydra.launcher._target_ names a class to import"),
        ("train -m ++hydra.launcher._target_=os.system", "hydra.launcher._target_ names a class to import"),
        ("train -m hydra.sweeper._target_=os.system", "hydra.sweeper._target_ names a class to import"),
        ("train -m hydra.sweeper._target_=os.system,os.getpid", "hydra.sweeper._target_ names a class to import"),
        ("train -m hydra/sweeper=optuna hydra.sweeper.sampler._target_=os.system", "sampler._target_ names a class"),
        ("train -m hydra.launcher={_target_:os.system}", "_target_ names a class to import"),
        ("train -m hydra.launcher={_target_:a},{_target_:b}", "_target_ names a class to import"),
        ("train -m +hydra.callbacks.mine={_target_:os.system}", "_target_ names a class to import"),
        ("train -m +hydra.callbacks.mine._target_=os.system", "hydra.callbacks.mine._target_ names a class to import"),
        ("train -m +hydra.callbacks.mine='${oc.create:{_target_:os.system}}'", "_target_ names a class to import"),
        ("tune hydra.launcher._target_=os.system", "hydra.launcher._target_ names a class to import"),
        ("train optimizer.lr=fast", "optimizer.lr=fast"),
        ("train model.rounds=3", "only xgboost has"),
        ("train seed=-1", "seed=-1"),
        ("train trainer.steps=0", "trainer.steps=0"),
        ("train trainer=classical", "needs adapter to be none"),
        ("train model=null", "choose one of"),
        ("train optimizer.lr=[", "optimizer.lr=["),
        ("train note=\udce9", "on the command line is not UTF-8"),
        ("train optimizer.lr=1e-4,1e-3", "add --multirun"),
        ("train hydra/launcher=slurm_cpu", "add it, or drop"),
        ("train -m optimizer.lrr=1e-4,1e-3", "did you mean optimizer.lr?"),
        ("train -m optimizer=adamw,adamv", "optimizer=adamw"),
        ("train task.sytem=What's", "there is no task.sytem: did you mean task.system?"),
        ("train --params missing.yaml", "missing.yaml does not exist"),
        ("train --params params.yaml seed=1", "drop it, or the overrides"),
        ("train --parms params.yaml", "--parms"),
        ("trian", "did you mean train?"),
        ("", "choose one of fetch"),
    ],
)
def test_a_mistake_gets_one_sentence(capsys: pytest.CaptureFixture[str], arguments: str, named: str) -> None:
    try:
        code: object = main(arguments.split())
    except SystemExit as stopped:
        code = stopped.code
    (sentence,) = capsys.readouterr().err.splitlines()
    assert named in sentence
    assert code == 2


def test_a_mistake_ends_the_program_with_exit_code_2_and_no_traceback(shipworthy: Shipworthy) -> None:
    done = shipworthy("train", "model.lora_rnak=8")
    assert "did you mean adapter.rank?" in one_sentence(done)
    assert done.returncode == 2


def test_signs_that_the_locale_lacks_are_written_as_numbers() -> None:
    """On a cluster LANG is often C, or a site's old encoding."""
    poor = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "PATH": os.environ["PATH"]}
    command = [sys.executable, "-c", "from shipworthy.cli import entry; entry()"]
    done = subprocess.run([*command, "--help"], env=poor, capture_output=True, cwd=ROOT, check=False)
    assert (done.returncode, done.stderr) == (0, b"")
    assert b"experiment=\\u2026" in done.stdout
    for note, said in (("é".encode(), b"there is no experiment 'smok'"), (b"\xe9", b"is not UTF-8")):
        words = [*command, "train", b"note=" + note, "experiment=smok"]
        done = subprocess.run(words, env=poor, capture_output=True, cwd=ROOT, check=False)
        assert done.returncode == 2
        assert said in done.stderr


def test_a_mistake_in_a_job_of_a_sweep_gets_one_sentence(shipworthy: Shipworthy) -> None:
    done = shipworthy("train", "--multirun", "optimizer=none,adamw")
    assert "needs optimizer to be" in done.stderr
    assert "Traceback" not in done.stderr
    assert done.returncode == 2


@pytest.mark.parametrize(
    ("arguments", "command"),
    [
        (("experiment=adult_xgboost",), "run `shipworthy plan experiment=adult_xgboost workspace={}` first."),
        (("-m", "experiment=smoke", "seed=1,2"), "run `shipworthy plan experiment=smoke seed=1 workspace={}` first."),
    ],
)
def test_a_missing_artifact_is_answered_with_the_command_and_its_overrides(
    shipworthy: Shipworthy, tmp_path: Path, arguments: tuple[str, ...], command: str
) -> None:
    done = shipworthy("train", *arguments, f"workspace={tmp_path}/none")
    assert command.format(f"{tmp_path}/none") in done.stderr
    assert "Traceback" not in done.stderr
    assert done.returncode == 1


def test_every_command_has_a_stage_that_takes_parts_of_the_config() -> None:
    parts = set(Config.__dataclass_fields__)
    for command in COMMANDS:
        assert set(stage_groups(command)) <= parts, command


def test_init_has_options_and_a_help_of_its_own(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["init", "--help"]) == 0
    said = capsys.readouterr().out
    assert all(word in said for word in ("FILE", "--label COLUMN", "--text COLUMN", "--name NAME", "--force"))
    loaded = modules_after("from shipworthy.cli import main\nmain(['init', '--help'])")
    assert not loaded & (HEAVY | {"omegaconf", "numpy"})


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["init"], "FILE"),
        (["init", "a.csv", "b.csv"], "b.csv"),
        (["init", "a.csv", "--lable", "x"], "--lable"),
        (["init", "a.csv", "--label"], "--label"),
        (["init", "no such file.csv"], "there is no file or folder no such file.csv"),
        (["--multirun", "init", "a.csv"], "takes no --option"),
    ],
)
def test_a_mistake_with_init_gets_one_sentence(
    capsys: pytest.CaptureFixture[str], arguments: list[str], named: str
) -> None:
    try:
        code: object = main(arguments)
    except SystemExit as stopped:
        code = stopped.code
    (sentence,) = capsys.readouterr().err.splitlines()
    assert named in sentence and code == 2
