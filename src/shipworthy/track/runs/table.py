"""Runs as a table for a terminal, no wider than it."""

import os
import shutil
import sys
from collections.abc import Callable, Mapping, Sequence

from shipworthy.track.quantities import amounts, money
from shipworthy.track.runs import formatting, query
from shipworthy.track.runs.notes import headline
from shipworthy.track.runs.registry import Run
from shipworthy.track.runs.starts import FAILED

WIDTH = 120
DERIVED = "Δ "
LEAST_ID, LEAST_NOTE, LEAST_COLUMN = 8, 28, 8
COLUMNS = ("id", "name", "status", "began", "seconds", "steps", "metric", "rows", "cost", "campaign", "note")
TELLING = ("name", "campaign", "rows")
"""Columns of those that are left out where they say the same of all runs."""
RIGHT = ("seconds", "steps", "rows", "cost", "trial", "starts")


def about(run: Run) -> str:
    """Why it failed; else what its notes say, the sentence that it ended with, or what was derived, marked so."""
    tagged = f"[{', '.join(run.tags)}] " if run.tags else ""
    if note := (run.said if run.status == FAILED else "") or headline(run.notes):
        return tagged + note
    derived = f"{DERIVED}{formatting.change(run.derived, short=True)}" if run.derived else unchanged(run)
    return tagged + (run.said or derived)


def unchanged(run: Run) -> str:
    """`people, unchanged`: the recipe that it is; empty where it changed something, or nobody noted."""
    if run.trial and not run.derived:
        return "the campaign's recipe, unchanged"
    return f"{run.recipe}, unchanged" if run.recipe and run.changes == {} and not run.derived else ""


def changed(runs: Sequence[Run]) -> str:
    """What the sign of a derived change means."""
    before = any(one.changes is None and not one.trial for one in runs)
    return f"changed of the recipe{'; where none was noted, against the run before' if before else ''}"


def _money(run: Run) -> str:
    """Bare where it is in one currency, which the column's head names."""
    return money(run.cost) if len(run.money) == 1 and run.cost else amounts(run.money)


TEXTS: dict[str, Callable[[Run], str]] = {
    "began": lambda run: formatting.day(run.began),
    "seconds": lambda run: formatting.took(run.seconds),
    "metric": lambda run: "" if run.value is None else formatting.measured(run.value, run.interval),
    "cost": _money,
    "campaign": lambda run: run.campaign if run.number is None else f"{run.campaign}/{run.number}",
    "note": about,
}
HEADERS = {"seconds": "took"}


def shortest(ids: Sequence[str]) -> int:
    """How many characters of an id tell it from all others, 8 at least."""
    length = LEAST_ID
    while length < 16 and len({one[:length] for one in ids}) < len(ids):
        length += 1
    return length


def width_of_terminal() -> int:
    """The terminal's columns; 120 where the output goes elsewhere."""
    told = sys.stdout.isatty() or "COLUMNS" in os.environ
    return max(60, shutil.get_terminal_size((WIDTH, 24)).columns) if told else WIDTH


def usual(runs: Sequence[Run]) -> list[str]:
    """The columns that nobody asked for."""
    said = {name: {found for run in runs if (found := query.value(run, name)) is not None} for name in TELLING}
    return [name for name in COLUMNS if name not in TELLING or len(said[name]) > 1]


def table(runs: Sequence[Run], columns: Sequence[str], ids: Sequence[str], width: int) -> list[str]:
    """The lines: a head, and one for each run.

    Args:
        columns: facts or config keys (see `query`).
        ids: of all runs that there are; as much of an id is shown as tells it from them.
        width: characters of a line, at most.
    """
    length = shortest(ids)
    shared = {
        "metric": {run.metric for run in runs if run.value is not None},
        "cost": {run.currency for run in runs if run.cost},
    }
    heads = [_head(name, shared) for name in columns]
    cells = [[_cell(run, name, shared, length) for name in columns] for run in runs]
    widths = [max(map(len, column)) for column in zip(heads, *cells, strict=True)]
    _fit(widths, columns, width)
    return [_line(row, widths, columns) for row in (heads, *cells)]


def _head(name: str, shared: Mapping[str, set[str]]) -> str:
    only = next(iter(shared[name])) if len(shared.get(name, ())) == 1 else ""
    return only if name == "metric" and only else f"{HEADERS.get(name, name)} {only}".rstrip()


def _cell(run: Run, name: str, shared: Mapping[str, set[str]], length: int) -> str:
    """What a run has; metrics and currencies are named where they are not the same for all."""
    if name == "id":
        return run.id[:length]
    found = query.value(run, name)
    text = TEXTS[name](run) if name in TEXTS else "" if found is None else formatting.plain(found)
    if not text or len(shared.get(name, ())) < 2:
        return text
    return f"{run.metric} {text}" if name == "metric" else f"{text} {run.currency}"


def _fit(widths: list[int], columns: Sequence[str], width: int) -> None:
    """Takes from the notes, then from the other columns of words, until a line fits."""
    over = sum(widths) + 2 * (len(widths) - 1) - width
    notes = [i for i, name in enumerate(columns) if name in ("note", "said")]
    others = [i for i, name in enumerate(columns) if name not in ("id", "status", "began", "metric", *RIGHT)]
    for among, least in ((notes, LEAST_NOTE), (others, LEAST_COLUMN)):
        while over > 0 and (wide := [i for i in among if widths[i] > least]):
            widths[max(wide, key=lambda i: widths[i])] -= 1
            over -= 1


def _line(row: Sequence[str], widths: Sequence[int], columns: Sequence[str]) -> str:
    cells = (
        formatting.shortened(text, width).rjust(width)
        if name in RIGHT
        else formatting.shortened(text, width).ljust(width)
        for text, width, name in zip(row, widths, columns, strict=True)
    )
    return "  ".join(cells).rstrip()
