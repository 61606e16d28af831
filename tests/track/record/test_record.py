"""What a run was made by: written whole, small, and without what does not belong there."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from shipworthy.architect.compute.schema import Machine
from shipworthy.core import lock
from shipworthy.core.files import read_json
from shipworthy.core.identity import code_version
from shipworthy.core.project import project_root
from shipworthy.core.secrets import MASK
from shipworthy.core.snapshot import SNAPSHOTS
from shipworthy.core.workspace import Workspace
from shipworthy.models.xgboost.schema import XGBoost
from shipworthy.track.record import code, environment, record
from shipworthy.track.record.start_log import FILE, StartLog
from shipworthy.track.record.system import Sampler
from shipworthy.train.schema import ClassicalTrainer, LightningTrainer


@pytest.fixture
def written(tmp_path: Path) -> Path:
    config = {"model": {"kind": "xgboost", "rounds": 3}, "seed": 5}
    workspace = Workspace(root=tmp_path / "artifacts", command="train", config=config, seed=5)
    workspace.uses({"dataset": "d" * 64})
    folder = workspace.run_folder()
    record.write(folder, workspace, XGBoost(), tmp_path / "dataset", record.seeds(5, ClassicalTrainer()))
    return folder


def test_the_record_is_whole_and_small(written: Path) -> None:
    found = read_json(written / record.RECORD)
    assert found["run_id"] == written.name
    assert found["config"] == {"model": {"kind": "xgboost", "rounds": 3}, "seed": 5}
    assert found["inputs"] == {"dataset": "d" * 64}
    assert found["command_line"] == sys.argv
    assert {key: found["code"][key] for key in code_version()} == code_version()
    snapshot = project_root() / SNAPSHOTS / found["code"]["snapshot"]
    assert (snapshot / "src/shipworthy/track/record/record.py").read_text() == Path(record.__file__).read_text(
        encoding="utf-8"
    )
    assert found["dvc"]["data.dvc"] and found["slurm"] is None and found["campaign"] is None
    assert {"lock", "python", "cpus", "driver", "packages"} <= set(found["environment"])
    packages = (written / record.PACKAGES).read_text().splitlines()
    assert any(line.startswith("polars==") for line in packages)
    assert (written / record.RECORD).stat().st_size < 15_000


def test_its_dataset_is_where_the_runs_are_now(written: Path, tmp_path: Path) -> None:
    found = read_json(written / record.RECORD)
    assert found["dataset"] == "dataset"
    assert record.dataset_folder(found, written.parent) == tmp_path / "dataset"
    older = {"dataset": "/somewhere/else/artifacts/dataset"}
    assert record.dataset_folder(older, written.parent) == tmp_path / "artifacts" / "dataset"


def test_its_diff_turns_the_commit_into_the_code_that_ran(tmp_path: Path) -> None:
    def git(*arguments: str) -> str:
        who = ("-c", "user.name=t", "-c", "user.email=t@t")
        return subprocess.run(
            ["git", *who, *arguments], cwd=tmp_path, check=True, capture_output=True, text=True
        ).stdout

    git("init", "-q")
    (tmp_path / "old.py").write_text("a = 1\n")
    git("add", "-A")
    git("commit", "-qm", "one")
    (tmp_path / "old.py").write_text("a = 2\n")
    (tmp_path / "new file.py").write_text("b = 'ä'\n")
    (tmp_path / ".env").write_text("DB_PASSWORD=swordfish99\n")
    (tmp_path / "rows.csv").write_text("1,2\n")
    token = "hf_" + "a1B2" * 8
    (tmp_path / "hub.py").write_text(f'HUB = "{token}"\n')
    diff = code.diff(tmp_path)
    assert token not in diff and "swordfish99" not in diff and "rows.csv" not in diff
    (tmp_path / "code.diff").write_text(diff)
    for name in ("new file.py", "hub.py"):
        (tmp_path / name).unlink()
    git("checkout", "-q", "old.py")
    git("apply", "code.diff")
    assert (tmp_path / "old.py").read_text() == "a = 2\n"
    assert (tmp_path / "new file.py").read_text() == "b = 'ä'\n"
    assert (tmp_path / "hub.py").read_text() == f'HUB = "{MASK}"\n'


def test_no_git_no_diff(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    assert code.diff(tmp_path) == ""


def test_variables_by_allow_list(monkeypatch: pytest.MonkeyPatch) -> None:
    planted = {"OMP_NUM_THREADS": "3", "SHIPWORTHY_CAMPAIGN": "c", "SLURM_JOB_ID": "7"}
    unwanted = {
        "SLURM_JWT": "j",
        "SHIPWORTHY_WEBHOOK": "http://w",
        "PYTHON_API_KEY": "k",
        "HOME_ADDRESS": "h",
        "PATH": "p",
    }
    for name, value in {**planted, **unwanted}.items():
        monkeypatch.setenv(name, value)
    found = environment.variables()
    assert found.items() >= planted.items()
    assert not unwanted.keys() & found.keys()


def test_slurm_and_campaign(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SLURM_JOB_ID", raising=False)
    assert environment.slurm() is None and environment.campaign() is None
    for name, value in {"SLURM_JOB_ID": "12", "SLURM_ARRAY_TASK_ID": "3", "SLURMD_NODENAME": "n1"}.items():
        monkeypatch.setenv(name, value)
    assert environment.slurm() == {"job": "12", "task": "3", "node": "n1"}
    monkeypatch.setenv("SHIPWORTHY_CAMPAIGN", "first")
    monkeypatch.setenv("SHIPWORTHY_TRIAL", "4")
    assert environment.campaign() == {"name": "first", "trial": 4}


def test_what_is_left_of_a_removed_package_has_no_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import importlib_metadata  # noqa: F401 (its finder, of which some libraries make use, says it in another way)

    (tmp_path / "gone-1.0.dist-info").mkdir()
    before = environment.packages()
    monkeypatch.syspath_prepend(tmp_path)
    assert environment.packages() == before
    (tmp_path / "some.lock").write_text("no-such-package==1.0\n")
    assert lock.compare(tmp_path / "some.lock")[1] == ["no-such-package"]


def test_seeds_are_those_that_are_drawn_from() -> None:
    drawn = record.seeds(3, LightningTrainer())
    assert drawn == {"seed": 3, "python": 3, "numpy": 3, "torch": 3, "workers": None}
    assert record.seeds(3, ClassicalTrainer())["torch"] is None


def test_starts_and_their_ends_are_lines(tmp_path: Path) -> None:
    (tmp_path / "step-0000004").mkdir()
    first = StartLog(tmp_path)
    first.begin(100.0, Machine(price_per_hour=2.0, currency="EUR"))
    with (tmp_path / FILE).open("a") as file:
        file.write('{"start": 1, "en')  # killed while it wrote
    second = StartLog(tmp_path)
    second.begin(200.0, Machine())
    for step in (7, 8, 9):
        second.note({"step": step})
    second.note({"kept": 9})
    token = "hf_" + "a1B2" * 8
    second.end("failed", f"401 for {token}")
    lines = (tmp_path / FILE).read_text().splitlines()
    begun, later, ended = json.loads(lines[0]), json.loads(lines[2]), json.loads(lines[3])
    assert [step for step, _ in ended["stepped"]] == [7, 9]  # the first and the last, each with its time
    assert (begun["start"], begun["began"], begun["pid"], begun["from_step"]) == (1, 100.0, os.getpid(), 4)
    assert (begun["price_per_hour"], begun["currency"]) == (2.0, "EUR")
    assert (later["start"], later["began"]) == (2, 200.0)
    assert (ended["start"], ended["status"], ended["said"], ended["step"]) == (2, "failed", f"401 for {MASK}", 9)


def test_samples_show_work_and_go_on_after_a_restart(tmp_path: Path) -> None:
    sent: list[tuple[int, float]] = []

    def sampled(work: bool) -> None:
        sampler = Sampler(tmp_path, 0.1, lambda values, number: sent.append((number, values["system/cpu_percent"])))
        sampler.start()
        until = time.process_time() + 0.5
        while work and time.process_time() < until:
            sum(range(10_000))
        sampler.stop()

    sampled(work=True)
    count = len(sent)
    sampled(work=False)
    lines = [json.loads(line) for line in (tmp_path / "system.jsonl").read_text().splitlines()]
    assert [number for number, _ in sent] == list(range(1, len(lines) + 1))
    assert count >= 2 and len(lines) > count
    assert max(percent for _, percent in sent[:count]) > 5
    assert all(0 <= line["cpu_percent"] <= 110 and line["memory_mb"] > 10 for line in lines)


def test_where_samples_can_not_be_written_the_run_goes_on(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    sent: list[int] = []
    (tmp_path / "system.jsonl").mkdir()
    sampler = Sampler(tmp_path, 0.05, lambda values, number: sent.append(number))
    sampler.start()
    until = time.monotonic() + 30
    while len(sent) < 2 and time.monotonic() < until:
        time.sleep(0.05)
    sampler.stop()
    assert len(sent) >= 2
    assert capsys.readouterr().out.count("the run goes on without these samples") == 1
