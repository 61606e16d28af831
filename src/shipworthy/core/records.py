"""Folders that are known by their names, each with a record in it: sweeps, campaigns."""

from collections.abc import Iterable
from pathlib import Path

from shipworthy.core.errors import UsageError

NEWEST = 3


def find(parent: Path, name: str, record: str, what: str) -> Path:
    """The folder of this name, or the only one whose name begins so.

    Args:
        parent: in which all of its kind are.
        record: the name of the file that each has.
        what: what the sentence calls it, e.g. `sweep`.

    Raises:
        UsageError: there is none, or more than one; the sentence names the newest, or those.
    """
    if (parent / name / record).is_file():
        return parent / name
    known = sorted(parent.glob(f"*/{record}"), key=lambda path: path.stat().st_mtime)
    names = [path.parent.name for path in known]
    if not any(name and one.startswith(name) for one in names):
        hint = f"the newest are {', '.join(names[-NEWEST:])}" if known else "none was made"
        raise UsageError(f"there is no {what} '{name}' in {parent}: {hint}.")
    return parent / beginning(name, names, what)


def beginning(asked: str, names: Iterable[str], what: str) -> str:
    """The name that is, or alone begins with, what was asked for.

    Args:
        names: of which one does.
        what: what the sentence calls them, e.g. `sweep`.

    Raises:
        UsageError: several do.
    """
    found = sorted({name for name in names if name.startswith(asked)})
    if len(found) > 1 and asked not in found:
        raise UsageError(f"{len(found)} {what}s begin with '{asked}': {', '.join(found[:5])}.")
    return asked if asked in found else found[0]
