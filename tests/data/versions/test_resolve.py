"""A version by its folder, or by a revision of Git out of DVC's cache."""

import shutil
import subprocess
from pathlib import Path

import polars as pl
import pytest
from dvc.repo import Repo

from shipworthy.core.errors import ArtifactError, ShipworthyError, UsageError
from shipworthy.data.versions.diff import difference
from shipworthy.data.versions.resolve import resolve_version
from tests.data.versions.made import ROWS, dataset, named


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two commits, each with a dataset that DVC tracks."""
    root = tmp_path_factory.mktemp("project")

    def git(*arguments: str) -> None:
        who = ("-c", "user.name=t", "-c", "user.email=t@t")
        subprocess.run(["git", "-C", str(root), *who, *arguments], check=True, capture_output=True)

    git("init", "-q")
    repo = Repo.init(str(root))
    for rows in (named(ROWS), named(ROWS).filter(pl.col("age") < 60)):
        dataset(root / "artifacts" / "dataset", rows)
        repo.add(str(root / "artifacts" / "dataset"))
        git("add", "-A")
        git("commit", "-qm", "a version")
    repo.close()
    return root


def test_revisions_come_out_of_the_cache(project: Path, tmp_path: Path) -> None:
    before = resolve_version("HEAD~1", project, tmp_path / "a")
    after = resolve_version("HEAD", project, tmp_path / "b")
    assert difference(before, after).removed[1] == ROWS.filter(pl.col("age") >= 60).height
    assert resolve_version(str(project / "artifacts" / "dataset"), project, tmp_path / "c").digest == after.digest


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("no-such-branch", "'no-such-branch' is neither a dataset's folder nor a revision of Git"),
        ("HEAD:work/dataset", "Git's HEAD has no work/dataset: name another revision"),
    ],
)
def test_what_is_not_there_is_one_sentence(project: Path, tmp_path: Path, name: str, sentence: str) -> None:
    with pytest.raises(UsageError, match=sentence):
        resolve_version(name, project, tmp_path / "a")


def test_a_folder_that_is_no_dataset_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ArtifactError, match="was never finished"):
        resolve_version(str(tmp_path), tmp_path, tmp_path / "a")


def test_what_the_cache_lacks_is_one_sentence(project: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(project, copy)
    shutil.rmtree(copy / ".dvc" / "cache")
    with pytest.raises(ShipworthyError, match=r"artifacts/dataset of HEAD~1 is not in DVC's cache"):
        resolve_version("HEAD~1", copy, tmp_path / "a")
