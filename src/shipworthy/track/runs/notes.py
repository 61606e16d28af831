"""What people say of a run: entries are added to its notes.jsonl, each dated and signed, and none is ever changed.

A hypothesis belongs to a launch: it is noted before that launch's first step. One that is given when the result is
known is kept too, and marked, but does not take the place of one that was given before.
"""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from shipworthy.core import json_lines
from shipworthy.core.artifact import MANIFEST
from shipworthy.core.commands import command
from shipworthy.core.errors import UsageError
from shipworthy.core.files import read_json
from shipworthy.core.identity import author
from shipworthy.core.secrets import redact
from shipworthy.track.runs import formatting, starts

FILE, OLD_FILE = "notes.jsonl", "notes.json"
HYPOTHESIS = "hypothesis"
FIELDS = (HYPOTHESIS, "change", "result", "lesson")
LATE = "(after the result)"
"""What a hypothesis is marked with that was given when the result was known."""


@dataclass(frozen=True)
class Note:
    """One entry.

    Attributes:
        text: empty where it takes back what was noted before.
        time: seconds since the epoch.
        author: as Git's config or the login names them (empty: of a run from before notes had one).
        start: the number of the launch that it was given to; None: it was noted by hand.
        late: whether the run had its result by then.
    """

    field: str
    text: str
    time: float
    author: str = ""
    start: int | None = None
    late: bool = False


def history(folder: Path) -> list[Note]:
    """Every entry of the run in `folder`, the oldest first.

    Raises:
        ValueError: the one file that older runs have is no JSON object.
    """
    found = [_note(line) for line in json_lines.read(folder / FILE) if line.get("field") in FIELDS]
    return [*_old(folder / OLD_FILE), *found]


def read(folder: Path) -> dict[str, str]:
    """The notes of the run in `folder` that stand: of each field the newest; what was not noted is not in it.

    Raises:
        ValueError: as `history`.
    """
    return standing(history(folder))


def standing(entries: Sequence[Note]) -> dict[str, str]:
    """Of each field the entry that stands, as lists show it."""
    newest: dict[str, Note] = {}
    for one in entries:
        before = newest.get(one.field)
        if one.field == HYPOTHESIS and one.late and before is not None and before.text and not before.late:
            continue
        newest[one.field] = one
    found = {name: newest[name] for name in FIELDS if name in newest and newest[name].text}
    return {name: f"{one.text} {LATE}" if name == HYPOTHESIS and one.late else one.text for name, one in found.items()}


def add(folder: Path, changes: Mapping[str, str], start: int | None = None) -> dict[str, str]:
    """Adds an entry for each field; the notes that stand then.

    Args:
        changes: field → text; an empty one takes back what was noted before, which stays in the history.
        start: the number of the launch that it is given to.

    Raises:
        UsageError: there is no such field.
    """
    if unknown := [name for name in changes if name not in FIELDS]:
        raise UsageError(f"a note is one of {', '.join(FIELDS)}, not '{unknown[0]}'.")
    common: dict[str, Any] = {"time": time.time(), "author": author()}
    if start is not None:
        common["start"] = start
    if has_result(folder):
        common["after_result"] = True
    for field, text in changes.items():
        json_lines.append(folder / FILE, redact({**common, "field": field, "text": text}))
    return read(folder)


def launch(folder: Path, hypothesis: str) -> None:
    """Notes what the launch that is about to begin is to show, unless an earlier one of the run was to show that."""
    before = next((one for one in reversed(history(folder)) if one.field == HYPOTHESIS), None)
    if hypothesis and (before is None or before.text != redact(hypothesis)):
        add(folder, {HYPOTHESIS: hypothesis}, start=len(starts.read(folder)) + 1)


def too_late(folder: Path, hypothesis: str, workspace: Path) -> str:
    """Why a hypothesis is not the run's, which has its result already; empty where there is none to refuse.

    Args:
        workspace: the folder of the pipeline's artifacts.
    """
    given = [one for one in history(folder) if one.field == HYPOTHESIS and not one.late]
    own = given[-1] if given and given[-1].text else None
    if not hypothesis or (own and own.text == redact(hypothesis)):
        return ""
    stays = f"that of {formatting.when(own.time)}, '{own.text}'" if own else "none, for it was made without one"
    learned = command(f'runs note {folder.name} lesson="…"', workspace=workspace)
    return f"; its hypothesis stays {stays}: what was learned since is noted by `{learned}`"


def has_result(folder: Path) -> bool:
    """Whether the run in `folder` has finished, this time or an earlier one."""
    done = (folder / "checkpoint" / MANIFEST).is_file()
    return done or any(start.status == starts.FINISHED for start in starts.read(folder))


def described(one: Note) -> tuple[str, str]:
    """An entry of the history in words: when and by whom, and what."""
    launch = "" if one.start is None else f", with start {one.start}"
    late = f" {LATE}" if one.late and one.field == HYPOTHESIS else ""
    by = f"{formatting.when(one.time) if one.time else 'once'}, {one.author or 'somebody'}{launch}"
    return by, f"{one.field}{late}: {one.text or 'taken back'}"


def headline(notes: Mapping[str, str]) -> str:
    """The one that says most: what was learned, else what came out, what was changed, what was hoped for."""
    return next((notes[name] for name in ("lesson", "result", "change", HYPOTHESIS) if notes.get(name)), "")


def _note(line: Mapping[str, Any]) -> Note:
    return Note(
        line["field"],
        str(line.get("text") or ""),
        float(line.get("time") or 0.0),
        str(line.get("author") or ""),
        line.get("start"),
        bool(line.get("after_result")),
    )


def _old(path: Path) -> list[Note]:
    """What runs have from before notes were entries: one text per field, and when the last one was edited."""
    found: Any = read_json(path) if path.is_file() else {}
    if not isinstance(found, dict):
        raise ValueError(f"{OLD_FILE} is no JSON object")  # noqa: TRY004 (as json.loads does, of a file that is damaged)
    return [Note(name, str(found[name]), float(found.get("edited") or 0.0)) for name in FIELDS if found.get(name)]
