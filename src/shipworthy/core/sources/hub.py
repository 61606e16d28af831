"""A model's repository on the Hugging Face hub, through `huggingface_hub`, which resumes, locks and keeps a cache."""

from collections.abc import Sequence
from pathlib import Path

from shipworthy.core import secrets
from shipworthy.core.errors import ShipworthyError
from shipworthy.core.project import project_root
from shipworthy.core.sources.repository import TEXTS, WEIGHTS
from shipworthy.core.sources.schema import Hub


def fetch(source: Hub, downloads: Path) -> Path:
    """The folder of a snapshot in the hub's cache; it is named after the commit.

    Raises:
        ShipworthyError: there is no such repository or revision, no right to read it, or no network.
    """
    return _snapshot(source, (*TEXTS, *WEIGHTS))


def fetch_texts(source: Hub) -> Path:
    """The same folder, with all but the weights: it tells whether they are worth fetching.

    Raises:
        ShipworthyError: as for `fetch`.
    """
    return _snapshot(source, TEXTS)


def _snapshot(source: Hub, patterns: Sequence[str]) -> Path:
    import huggingface_hub
    from huggingface_hub import errors

    try:
        found = huggingface_hub.snapshot_download(
            source.repository, revision=source.revision or None, allow_patterns=list(patterns)
        )
    except (OSError, ValueError, RuntimeError, errors.HTTPError, errors.XetDownloadError) as error:
        said = secrets.redact(str(error).strip().splitlines()[0].rstrip(".:")) if str(error) else type(error).__name__
        hint = "check its name and revision, and the network"
        if (project_root() / source.repository).is_dir():
            hint = f"for the folder {source.repository} of this project give kind: folder and path: {source.repository}"
        raise ShipworthyError(f"{source.title} cannot be fetched ({said}): {hint}.") from error
    return Path(str(found))
