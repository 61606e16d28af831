"""A folder, or a file, of this machine: it is used where it stands, and known by its content."""

from pathlib import Path
from typing import Any

from shipworthy.core.errors import ShipworthyError
from shipworthy.core.files import read_json, sha256_of_file, sha256_of_json, write_json
from shipworthy.core.project import project_root
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


def note_content(source: Folder, notes: Path) -> None:
    """Notes what the source's files are: names, lengths, SHA-256.

    The files of the folder itself count, and the templates (*.jinja) one folder below; hidden ones do not. A file whose
    length and times of change are those noted before is not read again.

    Args:
        notes: the folder of such notes.

    Raises:
        ShipworthyError: there is nothing, or no file in it.
    """
    path = fetch(source, notes)
    inside = [*path.iterdir(), *path.glob("*/*.jinja")] if path.is_dir() else [path]
    files = sorted(one for one in inside if one.is_file() and not one.name.startswith("."))
    if not files:
        raise ShipworthyError(f"source.path={source.path}: {path} holds no file: correct the path.")
    before = _noted(source, notes)
    base = path if path.is_dir() else path.parent
    now = {file.relative_to(base).as_posix(): _facts(file) for file in files}
    for name, facts in now.items():
        known = before.get(name, {})
        same = {**facts, "sha256": known.get("sha256")} == known
        facts["sha256"] = known["sha256"] if same else sha256_of_file(base / name)
    if now != before:
        write_json(_note(source, notes), {"path": str(path), "files": now})


def content(source: Folder, notes: Path) -> str:
    """The SHA-256 of the names and hashes that were noted last; empty if nothing was."""
    files = _noted(source, notes)
    return sha256_of_json({name: facts["sha256"] for name, facts in files.items()}) if files else ""


def _place(source: Folder) -> Path:
    path = Path(source.path).expanduser()
    return (path if path.is_absolute() else project_root() / path).resolve()


def _facts(file: Path) -> dict[str, Any]:
    stat = file.stat()
    return {"bytes": stat.st_size, "modified_ns": stat.st_mtime_ns, "changed_ns": stat.st_ctime_ns}


def _note(source: Folder, notes: Path) -> Path:
    return notes / f"{sha256_of_json(str(_place(source)))[:16]}.json"


def _noted(source: Folder, notes: Path) -> dict[str, dict[str, Any]]:
    path = _note(source, notes)
    found: dict[str, dict[str, Any]] = read_json(path)["files"] if path.is_file() else {}
    return found
