"""An artifact is read if it is what its manifest says, and refused with one sentence if not."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from shipworthy.core.artifact import MANIFEST, inside, read_artifact, write_artifact
from shipworthy.core.commands import given
from shipworthy.core.errors import ArtifactError
from shipworthy.core.files import sha256_of_file
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
    assert "make it again" in str(caught.value)


def claim(artifact: Path, name: str, file: Path) -> None:
    """Lists a file under a name in the manifest, with the size and hash that it has."""
    manifest = json.loads((artifact / MANIFEST).read_text())
    manifest["files"][name] = {"bytes": file.stat().st_size, "sha256": sha256_of_file(file)}
    (artifact / MANIFEST).write_text(json.dumps(manifest))


def outside(tmp_path: Path, how: str) -> str:
    """A name that leads from the artifact to `tmp_path / "secret"`."""
    artifact, secret = tmp_path / "thing", tmp_path / "secret"
    match how:
        case "link":
            (artifact / "link").symlink_to(secret)
            return "link"
        case "linked folder":
            (artifact / "linked").symlink_to(tmp_path)
            return "linked/secret"
        case "absolute":
            return str(secret)
        case "in between":
            return "in/../../secret"
        case "back and in":
            return "../thing/data.txt"
        case "windows":
            (artifact / "..\\secret").write_text("kept")
            return "..\\secret"
        case "windows drive":
            (artifact / "c:secret").write_text("kept")
            return "c:secret"
    return "../secret"


@pytest.mark.parametrize(
    "how",
    ["above", "in between", "back and in", "absolute", "link", "linked folder", "windows", "windows drive"],
)
def test_a_manifest_that_names_a_file_outside_its_folder_is_refused(tmp_path: Path, how: str) -> None:
    artifact, secret = write(tmp_path), tmp_path / "secret"
    secret.write_text("kept")
    name = outside(tmp_path, how)
    claim(artifact, name, artifact / name)
    with pytest.raises(ArtifactError, match="outside its folder") as caught:
        read_artifact(artifact, "thing")
    assert repr(name).strip("'") in repr(str(caught.value))
    with pytest.raises(ArtifactError, match="outside its folder"):
        inside(artifact, name)


def test_a_link_that_stays_inside_and_a_linked_artifact_are_read(tmp_path: Path) -> None:
    artifact = write(tmp_path)
    (artifact / "again.txt").symlink_to(artifact / "data.txt")
    claim(artifact, "again.txt", artifact / "data.txt")
    (tmp_path / "scratch").symlink_to(artifact)
    assert read_artifact(tmp_path / "scratch", "thing").file("again.txt").read_text() == "hello"


def test_a_copy_has_what_the_manifest_lists_and_nothing_else(tmp_path: Path) -> None:
    artifact, secret = write(tmp_path), tmp_path / "secret"
    secret.write_text("kept")
    (artifact / "link").symlink_to(secret)
    read_artifact(artifact, "thing").copy_to(tmp_path / "copy")
    assert read_artifact(tmp_path / "copy", "thing").digest == read_artifact(artifact, "thing").digest
    assert not (tmp_path / "copy" / "link").exists()
    read_artifact(artifact, "thing").copy_to(tmp_path / "part", below="in")
    assert [path.name for path in (tmp_path / "part").iterdir()] == ["deep.json"]


@pytest.mark.parametrize("files", [[], {"data.txt": {}}, {"data.txt": 3}], ids=str)
def test_a_manifest_that_lists_no_files_as_it_should_is_unreadable(tmp_path: Path, files: Any) -> None:
    artifact = write(tmp_path)
    manifest = json.loads((artifact / MANIFEST).read_text())
    (artifact / MANIFEST).write_text(json.dumps({**manifest, "files": files}))
    with pytest.raises(ArtifactError, match="cannot be read"):
        read_artifact(artifact, "thing")


@pytest.mark.parametrize(
    ("arguments", "command"),
    [
        ([], "run `shipworthy prepare` first"),
        (
            ["experiment=adult_xgboost", "workspace=work/adult/artifacts"],
            "run `shipworthy prepare experiment=adult_xgboost workspace=work/adult/artifacts` first",
        ),
        (["data.text=$a b"], "run `shipworthy prepare 'data.text=$a b'` first"),
        (["--params", "params.yaml"], "run `dvc repro` first"),
        (["--params", "other.yaml"], "run `shipworthy prepare --params other.yaml` first"),
        (None, "make it again with the command prepare and the overrides that it was made with"),
    ],
)
def test_who_lacks_an_artifact_reads_the_command_that_makes_it(tmp_path: Path, arguments: Any, command: str) -> None:
    workspace = Workspace(root=tmp_path, command="train", config={}, seed=1)
    with given(arguments), pytest.raises(ArtifactError) as missing:
        workspace.read("dataset")
    assert str(missing.value) == f"There is no dataset at {tmp_path / 'dataset'}: {command}."
    write(tmp_path)
    shutil.move(tmp_path / "thing", tmp_path / "dataset")
    with given(arguments), pytest.raises(ArtifactError, match="is a 'thing'") as other:
        workspace.read("dataset")
    assert str(other.value).endswith(f": {command}.")


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
