"""The runs that were made: lists them, and says, notes, sends, selects or draws what is asked."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from shipworthy.core import json_output, words
from shipworthy.core.errors import ShipworthyError, UsageError
from shipworthy.core.os_errors import REFUSED
from shipworthy.core.progress import say, track
from shipworthy.core.words import Asked
from shipworthy.track.runs import as_json, notes, query, starts
from shipworthy.track.runs.listing import listing
from shipworthy.track.runs.project_paths import ProjectPaths, project_paths
from shipworthy.track.runs.registry import Damaged, Run, find, read_all
from shipworthy.track.runs.table import DERIVED, changed, width_of_terminal

USAGE = """\
shipworthy runs [KEY=VALUE…] [sort=KEY] [columns=KEYS] [last=N] [--json] [workspace=artifacts]
shipworthy runs show RUN [--json] [workspace=artifacts]
shipworthy runs note RUN [KEY=TEXT…] [workspace=artifacts]
shipworthy runs select RUN [alias=champion] [name=NAME] [note=TEXT] [workspace=artifacts]
shipworthy runs sync [RUN] [workspace=artifacts]
shipworthy runs dashboard [FOLDER] [workspace=artifacts]

KEY=VALUE  a condition: status=finished, 'accuracy>87%', optimizer.lr=0.001, since=2d, note~WORD; all must hold
sort       by a column, with - before it from the highest down: sort=-metric
columns    which, with commas between them: columns=id,metric,optimizer.lr
last       so many of the newest
RUN        its id, the beginning of one, or its folder
runs note  writes what the run was made for, or what it taught: runs note RUN lesson='…'
select     makes the run's model the pipeline's checkpoint, and gives it an alias in MLflow's registry
alias      under which the registry has it
name       of the model there (else: the task's)
note       why it is selected
sync       sends what a tracker has not got yet, of a run or of all
dashboard  writes the page of all runs, into FOLDER or runs/
workspace  the folder of artifacts beside whose runs/ they stand
"""
Document = Callable[[Any], None]
"""Takes what --json prints."""


def run(arguments: Sequence[str]) -> None:
    """Does what the first word says, or lists the runs that all conditions hold of.

    Raises:
        UsageError: there is no such word, run, key or file.
        ShipworthyError: what was asked for could not be done.
    """
    asked = words.read(USAGE, arguments)
    with json_output.one_document(json_output.FLAG in asked.flags) as document:
        VERBS[asked.verb](project_paths(asked["workspace"]), asked, document)


def _list(here: ProjectPaths, asked: Asked, document: Document) -> None:
    """Shows the runs as a table."""
    conditions = []
    for text in asked.names:
        if (one := query.condition(text)) is None:
            raise UsageError(f"'{text}' is no condition: `shipworthy runs --help` says which there are.")
        conditions.append(one)
    if asked["last"] and not asked["last"].isdigit():
        raise UsageError(f"last={asked['last']} is no number.")
    found, damaged = read_all(here.runs)
    columns = asked["columns"].split(",") if asked["columns"] else []
    query.check([*columns, *(one.key for one in conditions), *filter(None, [asked["sort"].lstrip("-")])], found)
    shown = [one for one in found if all(condition.holds(one) for condition in conditions)]
    shown = shown[: int(asked["last"])] if asked["last"] else shown
    document(as_json.listed(query.ordered(shown, asked["sort"]) if asked["sort"] else shown, damaged))
    if shown:
        say("\n".join(listing(shown, columns, found, width_of_terminal(), asked["sort"])))
    _tell(here, found, shown, damaged)


def _tell(here: ProjectPaths, found: Sequence[Run], shown: Sequence[Run], damaged: Sequence[Damaged]) -> None:
    if not found and not damaged:
        say(f"no run was made yet in {here.runs}: a training makes one.")
        return
    counts = {name: sum(one.status == name for one in shown) for name in starts.STATUSES}
    parts = ", ".join(f"{number} {name}" for name, number in counts.items() if number)
    of = f" of {len(found)}" if len(shown) < len(found) else ""
    say(f"\n{len(shown)}{of} runs{': ' if parts else ''}{parts}")
    if any(one.derived for one in shown):
        say(f"{DERIVED}{changed(shown)}")
    for one in damaged:
        say(f"damaged: {one.folder}: {one.said}")


def _note(here: ProjectPaths, asked: Asked, document: Document) -> None:
    """Writes what a run was made for, or what it taught."""
    pairs = [text.partition("=") for text in asked.names[1:]]
    if not pairs or not all(sign for _, sign, _ in pairs):
        raise UsageError(f'it is shipworthy runs note RUN lesson="…" (or {", ".join(notes.FIELDS[:-1])}).')
    one = find(here.runs, asked.names[0])
    kept = notes.add(one.folder, {key: value for key, _, value in pairs})
    say(f"run {one.id}")
    for name, text in kept.items():
        say(f"  {name:<10} {text}")
    if any(key == notes.HYPOTHESIS for key, _, _ in pairs) and notes.has_result(one.folder):
        say("the run had its result already: this hypothesis is kept, and marked so wherever it is shown")


def _show(here: ProjectPaths, asked: Asked, document: Document) -> None:
    """Says all that is known of a run."""
    from shipworthy.track.runs.show import lines

    one = find(here.runs, asked.names[0])
    document(as_json.shown(one))
    say("\n".join(lines(one, here)))


def _dashboard(here: ProjectPaths, asked: Asked, document: Document) -> None:
    """Writes the page of all runs."""
    from shipworthy.track.runs.dashboard import write

    folder = Path(asked.names[0]) if asked.names else here.runs
    try:
        say(f"dashboard: {write(here, folder)}")
    except OSError as error:
        if error.errno not in REFUSED:
            raise
        raise ShipworthyError(
            f"{folder} can't be written to ({error.strerror}): `shipworthy runs dashboard FOLDER` takes another one."
        ) from error


def _sync(here: ProjectPaths, asked: Asked, document: Document) -> None:
    """Sends what the trackers have not got yet, of runs, and of campaigns and sweeps as a whole."""
    from shipworthy.track.trackers.forwarder import spools, sync

    waiting = spools(here.runs)
    if asked.names and not (named := [one for one in waiting if one.name == asked.names[0]]):
        one = find(here.runs, asked.names[0]).folder
        named = [one] if one in waiting else []
    waiting = named if asked.names else waiting
    sent = sum(sync(one) for one in track(waiting, "runs", len(waiting)))
    say(f"{sent} notes of {len(waiting)} runs sent")


def _select(here: ProjectPaths, asked: Asked, document: Document) -> None:
    """Makes a run's model the pipeline's."""
    from shipworthy.track.runs.selection import select

    run, options = find(here.runs, asked.names[0]), {key: asked[key] for key in ("alias", "name", "note")}
    for line in select(run, read_all(here.runs)[0], here, **options):
        say(line)


VERBS: dict[str, Callable[[ProjectPaths, Asked, Document], None]] = {
    "": _list,
    "show": _show,
    "note": _note,
    "select": _select,
    "sync": _sync,
    "dashboard": _dashboard,
}
