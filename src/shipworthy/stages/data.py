"""Asks about datasets that were made: `data diff A B` says how one differs from another."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from shipworthy.core import json_output, words
from shipworthy.core.files import write_json
from shipworthy.core.progress import say
from shipworthy.core.project import project_root
from shipworthy.data.versions.diff import Difference, Move, difference
from shipworthy.data.versions.resolve import resolve_version

USAGE = """\
shipworthy data diff A B [json=FILE] [--json]

A, B  each a dataset's folder, or a revision of Git
json  a file for the same figures
"""
DRIFTED = 0.1
MOST_MOVES = 12


def run(arguments: Sequence[str]) -> None:
    """Says it, in words or, with `--json`, as a document."""
    with json_output.one_document(json_output.FLAG in arguments) as document:
        document(_diff(arguments))


def _diff(arguments: Sequence[str]) -> dict[str, Any]:
    """Prints how the second dataset differs from the first.

    Raises:
        UsageError: it is asked for something else.
        ShipworthyError: a dataset cannot be had.
    """
    asked = words.read(USAGE, arguments)
    names, target = asked.names, asked["json"]
    with TemporaryDirectory(prefix="shipworthy-") as work:
        a, b = (
            resolve_version(name, project_root(), Path(work) / side) for name, side in zip(names, "ab", strict=True)
        )
        found = difference(a, b)
    for line in lines(found, *names):
        say(line)
    if target:
        write_json(Path(target), asdict(found))
    return asdict(found)


def lines(found: Difference, a: str, b: str) -> Iterator[str]:
    """What is said of a difference."""
    yield f"{a} has {found.rows[0]:,} rows, {b} has {found.rows[1]:,}; {found.matched:,} are in both"
    for what, (ids, number) in (("added", found.added), ("removed", found.removed), ("changed", found.changed)):
        yield f"  {what:<8} {number:>9,}{'  ' if ids else ''}{', '.join(ids)}{', …' if number > len(ids) else ''}"
    for name, number in sorted(found.columns.items(), key=lambda pair: -pair[1]):
        yield f"  {name} changed in {number:,} rows"
    for what, names in (("new", found.new_columns), ("lost", found.lost_columns)):
        if names:
            yield f"  {what} columns: {', '.join(names)}"
    yield from _moves("label", found.labels)
    yield from _moves("split", found.splits)
    if found.test_answers is not None:
        yield f"  test answers: {'the same' if found.test_answers else 'other ones, which are not shown'}"
    drifted = {name: value for name, value in found.drift.items() if value >= DRIFTED}
    worst = ", ".join(f"{name} {value:.2f}" for name, value in sorted(drifted.items(), key=lambda pair: -pair[1]))
    yield f"  drift (PSI from {DRIFTED:g}): {worst or 'none'}"
    for text in found.source:
        yield f"  source {text}"


def _moves(what: str, moves: Sequence[Move]) -> Iterator[str]:
    for before, after, number in moves[:MOST_MOVES]:
        yield f"  {what} {before} → {after}: {number:,} rows"
    if len(moves) > MOST_MOVES:
        yield f"  … and {len(moves) - MOST_MOVES} more {what} moves"
