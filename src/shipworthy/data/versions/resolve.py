"""Finds a version of a dataset by its folder, or by a Git revision, whose dvc.lock has the hash of the dataset."""

import logging
from contextlib import closing
from pathlib import Path

from shipworthy.core.artifact import MANIFEST, Artifact, read_artifact
from shipworthy.core.errors import ShipworthyError, UsageError

DATASET = "artifacts/dataset"


def resolve_version(name: str, root: Path, work: Path) -> Artifact:
    """The dataset that a name refers to.

    Args:
        name: a folder, or a Git revision, or REVISION:PATH where the dataset is not artifacts/dataset.
        root: the project's root.
        work: an empty folder, or none yet, for what DVC restores.

    Raises:
        UsageError: there is no such folder or revision, or DVC tracked no dataset there.
        ShipworthyError: DVC's cache does not hold it.
        ArtifactError: it is damaged.
    """
    folder = Path(name)
    if (folder / MANIFEST).is_file() or folder.is_dir():
        return read_artifact(folder, "dataset")
    revision, _, path = name.partition(":")
    restore(revision, path or DATASET, root, work)
    return read_artifact(work, "dataset")


def restore(revision: str, path: str, root: Path, target: Path) -> None:
    """Puts what DVC tracked at `path` in a Git revision into `target`, out of its cache, or its remote if it has one.

    Raises:
        UsageError: there is no such revision, or DVC tracked nothing there.
        ShipworthyError: the content is not to be had.
    """
    from dvc.api import DVCFileSystem
    from dvc.exceptions import DvcException
    from dvc.repo import Repo
    from dvc.scm import RevError
    from dvc.scm import SCMError as DvcScmError
    from dvc_data.index import DataIndexDirError

    logging.getLogger("dvc").setLevel(logging.CRITICAL)  # this function reports the errors
    try:
        with closing(Repo(str(root), rev=revision)) as repo:
            system = DVCFileSystem(repo)
            if not system.exists(path):
                raise UsageError(f"Git's {revision} has no {path}: name another revision, or REVISION:PATH.")
            system.get(path, str(target), recursive=True)
    except RevError as error:
        raise UsageError(f"'{revision}' is neither a dataset's folder nor a revision of Git: correct it.") from error
    except DvcScmError as error:
        raise UsageError(
            f"'{revision}' is no folder, and {root} is no Git repository: name a dataset's folder."
        ) from error
    except (DvcException, DataIndexDirError, OSError) as error:
        raise _gone(revision, path) from error
    if not (target / MANIFEST).is_file():
        raise _gone(revision, path)


def _gone(revision: str, path: str) -> ShipworthyError:
    return ShipworthyError(
        f"{path} of {revision} is not in DVC's cache, or was never made: check that revision out and run `dvc pull` or "
        "`dvc repro`."
    )
