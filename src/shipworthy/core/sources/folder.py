"""A folder, or a file, of this machine: it is used where it stands, and known by its content."""

from collections.abc import Mapping
from pathlib import Path

from shipworthy.core.errors import ShipworthyError
from shipworthy.core.files import read_json, sha256_of_json, write_json
from shipworthy.core.noted_hash import sha256_noted
from shipworthy.core.project import project_root
from shipworthy.core.sources import repository
from shipworthy.core.sources.schema import Folder


def fetch(source: Folder, downloads: Path) -> Path:
    """Where it stands.

    Raises:
        ShipworthyError: there is nothing.
    """
    path = _place(source)
    if not path.exists():
        raise ShipworthyError(f"source.path={source.path}: there is no {path}: correct the path.")
    return path


def note_content(source: Folder, notes: Path, files: Mapping[str, Path] | None = None) -> None:
    """Notes what the source's files are: names and SHA-256.

    Args:
        notes: the folder of such notes.
        files: name → file (None: the source itself, or those files of the folder that are a model's).

    Raises:
        ShipworthyError: there is nothing, or no file of a model in it.
    """
    path = fetch(source, notes)
    if files is None:
        files = repository.files(path) if path.is_dir() else {path.name: path}
    if not files:
        raise ShipworthyError(f"source.path={source.path}: {path} holds no file of a model: correct the path.")
    now = {name: sha256_noted(file, notes / "files") for name, file in files.items()}
    if now != _noted(source, notes):
        write_json(_note(source, notes), {"path": str(path), "sha256": now})


def content(source: Folder, notes: Path) -> str:
    """The SHA-256 of the names and hashes that were noted last; empty if nothing was."""
    files = _noted(source, notes)
    return sha256_of_json(files) if files else ""


def _place(source: Folder) -> Path:
    path = Path(source.path).expanduser()
    return (path if path.is_absolute() else project_root() / path).resolve()


def _note(source: Folder, notes: Path) -> Path:
    return notes / f"{sha256_of_json(str(_place(source)))[:16]}.json"


def _noted(source: Folder, notes: Path) -> dict[str, str]:
    """Name → SHA-256."""
    path = _note(source, notes)
    found: dict[str, str] = read_json(path).get("sha256", {}) if path.is_file() else {}
    return found
