"""A run's notes.json: hypothesis, changes, outcome, lesson."""

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from shipworthy.core.errors import UsageError
from shipworthy.core.files import read_json, turn, write_json
from shipworthy.core.secrets import redact

FILE = "notes.json"
FIELDS = ("hypothesis", "change", "result", "lesson")


def read(folder: Path) -> dict[str, str]:
    """The notes of the run in `folder`; what was not noted is not in it.

    Raises:
        ValueError: the file is no JSON object.
    """
    path = folder / FILE
    found: Any = read_json(path) if path.is_file() else {}
    if not isinstance(found, dict):
        raise ValueError(f"{FILE} is no JSON object")  # noqa: TRY004 (as json.loads does, of a file that is damaged)
    return {name: str(found[name]) for name in FIELDS if found.get(name)}


def edit(folder: Path, changes: Mapping[str, str]) -> dict[str, str]:
    """Sets some of the notes, leaves the others; two who do it at once both get what they wrote.

    Args:
        changes: field → text; an empty one takes the note back.

    Raises:
        UsageError: there is no such field.
    """
    if unknown := [name for name in changes if name not in FIELDS]:
        raise UsageError(f"a note is one of {', '.join(FIELDS)}, not '{unknown[0]}'.")
    with turn(folder / f".{FILE}.lock"):
        path = folder / FILE
        whole = read_json(path) if path.is_file() else {}
        write_json(path, redact({**whole, **changes, "edited": time.time()}))
    return read(folder)


def headline(notes: Mapping[str, str]) -> str:
    """The one that says most: what was learned, else what came out, what was changed, what was hoped for."""
    return next((notes[name] for name in ("lesson", "result", "change", "hypothesis") if notes.get(name)), "")
