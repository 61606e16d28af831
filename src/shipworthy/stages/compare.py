"""Puts runs side by side: may they be compared, how do they differ, which is better, and what did each cost?"""

from collections.abc import Sequence
from itertools import zip_longest
from pathlib import Path
from textwrap import wrap
from typing import Any

from shipworthy.core import json_output, words
from shipworthy.core.commands import wrapped
from shipworthy.core.errors import UsageError
from shipworthy.core.files import write_text
from shipworthy.core.os_errors import REFUSED
from shipworthy.core.progress import say
from shipworthy.track.runs import as_json, curves
from shipworthy.track.runs.comparison import Part, compare
from shipworthy.track.runs.ground import groups
from shipworthy.track.runs.page import page
from shipworthy.track.runs.pairs import pairs
from shipworthy.track.runs.project_paths import project_paths
from shipworthy.track.runs.registry import Run, find
from shipworthy.track.runs.table import width_of_terminal

USAGE = """\
shipworthy compare RUN RUN… [html=FILE] [workspace=artifacts] [--json]

RUN        an id, the beginning of one, or a folder; the others are held against the first
html       where the page with the curves is written (else: runs/compare.html)
workspace  the folder of artifacts beside whose runs/ they stand
"""
LABEL, MOST = 24, 8
PAGE = "compare.html"


def run(arguments: Sequence[str]) -> None:
    """Compares, in words or, with `--json`, as a document."""
    with json_output.one_document(json_output.FLAG in arguments) as document:
        document(_compare(arguments))


def _compare(arguments: Sequence[str]) -> dict[str, Any]:
    """Prints the comparison, the first run being what the others are held against, and writes it as a page.

    Raises:
        UsageError: no two runs were named, or there are none of these names.
    """
    asked = words.read(USAGE, arguments)
    if len(asked.names) > MOST:
        raise UsageError(f"{len(asked.names)} runs are too many to stand side by side: name 2 to {MOST}.")
    here = project_paths(asked["workspace"])
    runs = [find(here.runs, name) for name in asked.names]
    if twice := [one.id for place, one in enumerate(runs) if one.id in {other.id for other in runs[:place]}]:
        raise UsageError(f"run {twice[0]} was named twice: there is nothing to compare.")
    parts = compare(runs, here)
    for line in _lines(runs, parts, width_of_terminal()):
        say(line)
    target = Path(asked["html"]) if asked["html"] else here.runs / PAGE
    facts = {"runs": runs, "parts": parts, "alike": len(groups(runs)) < 2}
    drawn = page("compare", title="Runs side by side", data=_drawn(runs), **facts)
    try:
        write_text(target, drawn)
    except OSError as error:
        if error.errno not in REFUSED:
            raise
        say(f"\nno page with curves, for {target} can't be written ({error.strerror}): html=FILE writes it elsewhere")
    else:
        say(f"\npage with curves: {target}")
    return {
        "runs": [as_json.run(one) for one in runs],
        "parts": {part.title: {"remarks": list(part.remarks), "rows": dict(part.rows)} for part in parts},
        "against_the_first": [
            {
                "run": pair.run.id,
                "reference": pair.reference.id,
                "claim": pair.claim.to_json() if pair.claim else None,
                "values_on_the_rows_of_both": pair.values,
                "why_not": pair.why_not,
            }
            for pair in pairs(runs)
        ],
        "conclusion": list(parts[-1].remarks),
    }


def _lines(runs: Sequence[Run], parts: Sequence[Part], width: int) -> list[str]:
    column = max(12, (width - LABEL) // len(runs) - 2)
    found = _row("", [one.id for one in runs], column)
    for part in parts:
        found.append(part.title)
        for remark in part.remarks:
            found += [f"  {line}" for line in wrapped(f"! {remark}" if part.alarm else remark, width - 2)]
        for label, cells in part.rows:
            found += _row(f"  {label}", cells, column)
    return found


def _row(label: str, cells: Sequence[str], column: int) -> list[str]:
    """One row: as many lines as its longest cell needs."""
    parts = [wrap(label, LABEL - 2, subsequent_indent="    "), *(wrap(cell, column) for cell in cells)]
    return [
        f"{head:<{LABEL}}{'  '.join(f'{text:<{column}}' for text in rest)}".rstrip()
        for head, *rest in zip_longest(*parts, fillvalue="")
    ]


def _drawn(runs: Sequence[Run]) -> list[dict[str, object]]:
    """What the page draws."""
    return [
        {
            "id": one.id,
            "curves": {
                name: {"steps": list(curve.steps), "values": list(curve.values)}
                for name, curve in curves.curves(curves.history(one.folder)).items()
            },
        }
        for one in runs
    ]
