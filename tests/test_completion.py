"""What a shell is offered after Tab, and that real bash takes it."""

import shutil
import subprocess
from pathlib import Path

import pytest

from shipworthy.cli import ASIDE, BESIDE, COMMANDS
from shipworthy.core.project import project_root
from shipworthy.execution.completion import SCRIPTS, answer
from tests.conftest import PROGRAM, ROOT
from tests.test_cli import HEAVY, modules_after

ALL = [*COMMANDS, *ASIDE, *BESIDE]


def offered(line: str) -> list[str]:
    return answer(line, ALL, [*BESIDE])


@pytest.mark.parametrize(
    ("line", "some"),
    [
        ("shipworthy ", ["train", "runs", "completion", "--help"]),
        ("shipworthy tr", ["train", "trace"]),
        ("shipworthy train ", ["model=", "experiment=", "workspace=", "seed="]),
        ("shipworthy train mo", ["model=", "model."]),
        ("shipworthy train model=xg", ["model=xgboost", "model=xgboost_quantiles"]),
        ("shipworthy train -m model=ridge,xg", ["model=ridge,xgboost"]),
        ("shipworthy train experiment=ad", ["experiment=adult_xgboost"]),
        ("shipworthy train experiment=adult_xgboost model.max_", ["model.max_depth="]),
        ("shipworthy train model=ridge model.", ["model.penalty="]),
        ("shipworthy train trainer.auto_batch=", ["trainer.auto_batch=true", "trainer.auto_batch=false"]),
        ("shipworthy train --m", ["--multirun"]),
        ("shipworthy tune cam", ["campaign="]),
        ("shipworthy runs se", ["select"]),
        ("shipworthy reproduce x code=", ["code=run", "code=present"]),
        ("shipworthy sweep ", ["adopt", "cancel", "collect", "retry-failed", "status"]),
        ("shipworthy cost com", ["compute="]),
    ],
)
def test_words_are_completed(line: str, some: list[str]) -> None:
    found = offered(line)
    assert {*some} <= {*found}
    assert all(one.startswith(line.rpartition(" ")[2]) for one in found)


def test_only_the_keys_of_the_choice_are_offered() -> None:
    assert "model.max_depth=" not in offered("shipworthy train model=ridge model.")
    assert "quant=" not in offered("shipworthy train ")


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    for name in ("conf", "extensions"):
        (tmp_path / name).symlink_to(ROOT / name)
    for run in ("0a1b2c3d4e5f", "0a1b2c3d9999", "ffff00001111"):
        folder = tmp_path / "work" / "my people" / "runs" / run
        folder.mkdir(parents=True)
        (folder / "record.json").write_text("{}")
    (tmp_path / "work" / "my people" / "artifacts").mkdir()
    monkeypatch.chdir(tmp_path)
    project_root.cache_clear()
    yield tmp_path
    project_root.cache_clear()


def test_runs_and_workspaces_are_those_that_are_there(project: Path) -> None:
    assert offered("shipworthy cost workspace=wo") == ["workspace=work/my people/artifacts"]
    runs = offered("shipworthy cost workspace='work/my people/artifacts' ")
    assert {"ffff0000", "0a1b2c3d4e5f", "0a1b2c3d9999"} <= {*runs}, "short where that is one run's alone"


def in_bash(line: str, folder: Path) -> list[str]:
    """What bash itself would offer after Tab."""
    script = (
        f'eval "$(shipworthy completion bash)"\nCOMP_LINE={line!r} COMP_POINT={len(line)}\n_shipworthy\n'
        'printf "%s\\n" "${COMPREPLY[@]}"\n'
    )
    path = f"{PROGRAM.parent}:/usr/bin:/bin"
    done = subprocess.run(
        ["bash", "--norc", "-c", script], cwd=folder, env={"PATH": path}, capture_output=True, text=True, check=True
    )
    return done.stdout.splitlines()


def test_bash_takes_what_follows_the_equals_sign_and_quotes_it(project: Path) -> None:
    assert in_bash("shipworthy tra", project) == ["trace", "train"]
    assert "xgboost_quantiles" in in_bash("shipworthy train model=xg", project)
    assert in_bash("shipworthy cost workspace=wo", project) == ["work/my\\ people/artifacts"]


@pytest.mark.parametrize("shell", sorted(SCRIPTS))
def test_each_shell_reads_its_script(shell: str) -> None:
    if not (program := shutil.which(shell)):
        assert f"completion for {shell}" in (ROOT / "docs" / "not-verified.md").read_text(encoding="utf-8")
        return
    done = subprocess.run([program, "-n"], input=SCRIPTS[shell], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_an_answer_imports_nothing_heavy() -> None:
    line = "shipworthy train experiment=adult_xgboost model.m"
    loaded = modules_after(f"from shipworthy.cli import main\nmain(['completion', 'words', {line!r}])")
    assert not loaded & HEAVY
