"""What a workspace's commands own and read, and where they keep what they make."""

import shutil
from pathlib import Path

import pytest

from shipworthy.core import locks
from shipworthy.core.artifact import read_artifact
from shipworthy.core.errors import ArtifactError
from shipworthy.core.locks import OwnedError
from shipworthy.core.workspace import Workspace


def workspace(tmp_path: Path, command: str = "prepare", rows: int = 1, **more: bool) -> Workspace:
    return Workspace(tmp_path / "artifacts", command, {"data": {"rows": rows}}, seed=17, **more)


def make(one: Workspace, kind: str = "dataset") -> None:
    with one.owned(), one.write(kind) as folder:
        (folder / "rows").write_text(str(one.config))


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(locks, "WAIT_S", 0.05)


def test_another_config_or_command_is_refused_where_an_artifact_is_being_made(tmp_path: Path) -> None:
    with workspace(tmp_path).owned():
        with pytest.raises(OwnedError, match=r"artifacts/dataset is being made by process \d+ on "):
            make(workspace(tmp_path, rows=2))
        make(workspace(tmp_path, "plan", rows=2), "plan")  # in another place
        make(workspace(tmp_path / "beside", rows=2))
    make(workspace(tmp_path, rows=2))


def test_what_a_command_has_read_stays_until_it_ends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make(workspace(tmp_path))
    monkeypatch.setattr(locks.time, "sleep", lambda seconds: pytest.fail("it waits"))
    reader = workspace(tmp_path, "baseline")
    with reader.owned():
        assert reader.read("dataset").file("rows").read_text() == "{'data': {'rows': 1}}"
        with pytest.raises(pytest.fail.Exception, match="it waits"):
            make(workspace(tmp_path, rows=2))
        assert reader.read("dataset").file("rows").read_text() == "{'data': {'rows': 1}}"
    make(workspace(tmp_path, rows=2))
    assert reader.read("dataset").file("rows").read_text() == "{'data': {'rows': 2}}"


def test_what_dvc_removes_under_a_reader_is_said(tmp_path: Path) -> None:
    make(workspace(tmp_path))
    reader = workspace(tmp_path, "baseline")

    def read() -> None:
        with reader.owned():
            rows = reader.read("dataset").file("rows")
            shutil.rmtree(rows.parent)
            rows.read_text()

    with pytest.raises(ArtifactError, match="artifacts/dataset was removed while baseline read it"):
        read()
    with pytest.raises(FileNotFoundError), workspace(tmp_path, "plan").owned():
        (tmp_path / "a defect of ours").read_text()


def test_what_is_not_published_is_kept_with_its_run(tmp_path: Path) -> None:
    for rows in (1, 2):
        one = workspace(tmp_path, rows=rows, publish=False)
        make(one)
        assert read_artifact(one.run_folder() / "dataset", "dataset").manifest.config == one.config
        assert one.place("dataset") == one.run_folder() / "dataset"
    assert not (tmp_path / "artifacts").exists()
