"""An artifact is read if it is what its manifest says, and refused with one sentence if not."""

import json
from pathlib import Path

import pytest

from shipworthy.core.artifact import MANIFEST, read_artifact, write_artifact
from shipworthy.core.errors import ArtifactError
from shipworthy.core.workspace import Workspace


def write(folder: Path, text: str = "hello") -> Path:
    with write_artifact(
        folder / "thing", "thing", run_id="r", config={"a": 1}, inputs={"raw": "x"}, seeds={"seed": 3}
    ) as f:
        (f / "data.txt").write_text(text)
        (f / "in").mkdir()
        (f / "in" / "deep.json").write_text("[1]")
    return folder / "thing"


def test_what_is_written_is_read(tmp_path: Path) -> None:
    artifact = read_artifact(write(tmp_path), "thing")
    assert artifact.json("in/deep.json") == [1]
    assert artifact.manifest.inputs == {"raw": "x"}
    assert artifact.manifest.started <= artifact.manifest.finished
    with pytest.raises(ArtifactError, match="holds no other"):
        artifact.file("other")


def test_the_digest_follows_from_the_content_alone(tmp_path: Path) -> None:
    def digest(name: str, text: str) -> str:
        return read_artifact(write(tmp_path / name, text), "thing").digest

    assert digest("a", "x") == digest("b", "x") != digest("c", "y")


def break_it(artifact: Path, how: str) -> None:
    data, manifest = artifact / "data.txt", artifact / MANIFEST
    match how:
        case "truncated":
            data.write_text("hell")
        case "changed":
            data.write_text("jello")
        case "missing":
            data.unlink()
        case "unfinished":
            manifest.unlink()
        case "unreadable":
            manifest.write_text("{")
        case "another version":
            manifest.write_text(json.dumps({**json.loads(manifest.read_text()), "schema_version": 99}))


@pytest.mark.parametrize(
    ("how", "sentence"),
    [
        ("truncated", "has 4 bytes where the manifest says 5"),
        ("changed", "has sha256"),
        ("missing", "is missing, though the manifest lists it"),
        ("unfinished", "never finished"),
        ("unreadable", "cannot be read"),
        ("another version", "schema version 99"),
    ],
)
def test_what_was_damaged_is_refused(tmp_path: Path, how: str, sentence: str) -> None:
    artifact = write(tmp_path)
    break_it(artifact, how)
    with pytest.raises(ArtifactError, match=sentence) as caught:
        read_artifact(artifact, "thing")
    assert "dvc repro" in str(caught.value)


def test_another_kind_and_none_at_all_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ArtifactError, match="is a 'thing', not a 'dataset'"):
        read_artifact(write(tmp_path), "dataset")
    with pytest.raises(ArtifactError, match="There is no dataset"):
        read_artifact(tmp_path / "nothing", "dataset")


def test_a_runs_id_follows_from_config_seed_code_and_inputs(tmp_path: Path) -> None:
    write(tmp_path)

    def run_id(rate: float = 1.0, seed: int = 1, code: str = "", *, reads: bool = True) -> str:
        workspace = Workspace(root=tmp_path, command="train", config={"optimizer": {"lr": rate}}, seed=seed, code=code)
        if reads:
            workspace.read("thing")
        return workspace.run_id

    ids = {run_id(), run_id(rate=2.0), run_id(seed=2), run_id(code="c0de"), run_id(reads=False)}
    assert len(ids) == 5
    assert run_id() == run_id()
