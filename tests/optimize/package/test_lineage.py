"""The way back from a package to the raw data."""

from pathlib import Path

import pytest

from shipworthy.core.artifact import Artifact, read_artifact
from shipworthy.core.errors import ArtifactError
from shipworthy.core.files import write_text
from shipworthy.core.workspace import Workspace
from shipworthy.optimize.package.lineage import lineage

PIPELINE = {"dataset": (), "checkpoint": ("dataset",), "compressed": ("dataset", "checkpoint")}


def make(root: Path, kind: str, text: str = "") -> None:
    workspace = Workspace(root, kind, {}, 0)
    for name in PIPELINE[kind]:
        workspace.read(name)
    if kind == "dataset":
        workspace.uses({"data/raw.csv": "f" * 64})
    with workspace.write(kind) as folder:
        write_text(folder / "file.txt", text or kind)


def read(root: Path) -> dict[str, Artifact]:
    return {kind: read_artifact(root / kind, kind) for kind in PIPELINE}


def test_it_leads_to_the_hash_of_the_raw_data(tmp_path: Path) -> None:
    for kind in PIPELINE:
        make(tmp_path, kind)
    found = lineage(read(tmp_path))
    assert (found["raw"], found["newer"]) == ({"data/raw.csv": "f" * 64}, [])
    assert (
        found["artifacts"]["compressed"]["manifest"]["inputs"]["checkpoint"]
        == found["artifacts"]["checkpoint"]["digest"]
    )


def test_another_checkpoint_beside_the_compressed_model_is_refused(tmp_path: Path) -> None:
    for kind in PIPELINE:
        make(tmp_path, kind)
    make(tmp_path, "checkpoint", "trained again")
    with pytest.raises(ArtifactError, match="was made of another checkpoint"):
        lineage(read(tmp_path))


def test_a_dataset_that_was_made_again_is_told(tmp_path: Path) -> None:
    for kind in PIPELINE:
        make(tmp_path, kind)
    make(tmp_path, "dataset", "another report")
    newer = lineage(read(tmp_path))["newer"]
    assert [(one["artifact"], one["input"]) for one in newer] == [("checkpoint", "dataset"), ("compressed", "dataset")]
