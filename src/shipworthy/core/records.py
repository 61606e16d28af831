"""Folders that are known by their names, each with a record in it: sweeps, campaigns."""

from pathlib import Path

from shipworthy.core.errors import UsageError

NEWEST = 3


def find(parent: Path, name: str, record: str, what: str) -> Path:
    """The folder of this name.

    Args:
        parent: in which all of its kind are.
        record: the name of the file that each has.
        what: what the sentence calls it, e.g. `sweep`.

    Raises:
        UsageError: there is none; the sentence names the newest.
    """
    folder = parent / name
    if not (folder / record).is_file():
        known = sorted(parent.glob(f"*/{record}"), key=lambda path: path.stat().st_mtime)
        newest = ", ".join(path.parent.name for path in known[-NEWEST:])
        hint = f"the newest are {newest}" if known else "none was made"
        raise UsageError(f"there is no {what} '{name}' in {parent}: {hint}.")
    return folder
