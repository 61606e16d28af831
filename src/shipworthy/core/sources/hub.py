"""A model's repository on the Hugging Face hub, through `huggingface_hub`, which resumes, locks and keeps a cache."""

from pathlib import Path

from shipworthy.core import secrets
from shipworthy.core.errors import ShipworthyError
from shipworthy.core.project import project_root
from shipworthy.core.sources.schema import Hub

TEXTS = ["*.json", "*.jinja", "*.model", "*.txt"]
WEIGHTS = ["model*.safetensors"]
OLDER_WEIGHTS = ["pytorch_model*.bin"]
"""Taken where a repository has no safetensors."""


def fetch(source: Hub, downloads: Path) -> Path:
    """The folder of a snapshot in the hub's cache; it is named after the commit.

    Raises:
        ShipworthyError: there is no such repository or revision, no right to read it, or no network.
    """
    import huggingface_hub
    from huggingface_hub import errors

    def snapshot(patterns: list[str]) -> Path:
        found = huggingface_hub.snapshot_download(
            source.repository, revision=source.revision or None, allow_patterns=patterns
        )
        return Path(str(found))

    try:
        folder = snapshot([*TEXTS, *WEIGHTS])
        return folder if any(folder.glob(WEIGHTS[0])) else snapshot([*TEXTS, *OLDER_WEIGHTS])
    except (OSError, ValueError, RuntimeError, errors.HTTPError, errors.XetDownloadError) as error:
        said = secrets.redact(str(error).strip().splitlines()[0].rstrip(".:")) if str(error) else type(error).__name__
        hint = "check its name and revision, and the network"
        if (project_root() / source.repository).is_dir():
            hint = f"for the folder {source.repository} of this project give kind: folder and path: {source.repository}"
        raise ShipworthyError(f"{source.title} cannot be fetched ({said}): {hint}.") from error
