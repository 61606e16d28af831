"""The runs that were made: lists them, and says, notes, sends, selects or draws what is asked."""

import difflib
from collections.abc import Callable, Sequence
from pathlib import Path

from shipworthy.core.errors import UsageError
from shipworthy.core.progress import say, track
from shipworthy.track.runs import notes, query, starts
from shipworthy.track.runs.project_paths import ProjectPaths, project_paths
from shipworthy.track.runs.registry import Damaged, Run, find, read_all
from shipworthy.track.runs.table import DERIVED, table, usual, width_of_terminal

USAGE = "shipworthy runs [status=… 'metric>0.4' KEY=VALUE since=2d note~WORD] [sort=-metric] [columns=…] [last=20]"
WORKSPACE = "workspace"


def run(arguments: Sequence[str]) -> None:
    """Does what the first word says, or lists the runs that all conditions hold of.

    Raises:
        UsageError: there is no such word, run, key or file.
        ShipworthyError: what was asked for could not be done.
    """
    where = next((text.partition("=")[2] for text in arguments if text.startswith(f"{WORKSPACE}=")), "artifacts")
    words = [text for text in arguments if not text.startswith(f"{WORKSPACE}=")]
    if words and query.condition(words[0]) is None:
        if words[0] not in VERBS:
            close = difflib.get_close_matches(words[0], VERBS, n=1)
            hint = f"did you mean {close[0]}?" if close else f"it is {', '.join(VERBS)}, or {USAGE}."
            raise UsageError(f"there is no `runs {words[0]}`: {hint}")
        VERBS[words[0]](project_paths(where), words[1:])
        return
    _list(project_paths(where), words)


def _list(here: ProjectPaths, words: Sequence[str]) -> None:
    """Shows the runs as a table."""
    options = {"sort": "", "columns": "", "last": ""}
    conditions = []
    for text in words:
        key, sign, value = text.partition("=")
        if sign and key in options:
            options[key] = value
        elif (one := query.condition(text)) is not None:
            conditions.append(one)
        else:
            raise UsageError(f"'{text}' is no condition: it is {USAGE}.")
    if options["last"] and not options["last"].isdigit():
        raise UsageError(f"last={options['last']} is no number.")
    found, damaged = read_all(here.runs)
    columns = options["columns"].split(",") if options["columns"] else []
    query.check([*columns, *(one.key for one in conditions), *filter(None, [options["sort"].lstrip("-")])], found)
    shown = [one for one in found if all(condition.holds(one) for condition in conditions)]
    shown = shown[: int(options["last"])] if options["last"] else shown
    if options["sort"]:
        shown = query.ordered(shown, options["sort"])
    if shown:
        say("\n".join(table(shown, columns or usual(shown), [one.id for one in found], width_of_terminal())))
    _tell(here, found, shown, damaged)


def _tell(here: ProjectPaths, found: Sequence[Run], shown: Sequence[Run], damaged: Sequence[Damaged]) -> None:
    if not found and not damaged:
        say(f"no run was made yet in {here.runs}: `shipworthy train` makes one.")
        return
    counts = {name: sum(one.status == name for one in shown) for name in starts.STATUSES}
    parts = ", ".join(f"{number} {name}" for name, number in counts.items() if number)
    of = f" of {len(found)}" if len(shown) < len(found) else ""
    derived = f"; {DERIVED.strip()} what its config has otherwise than the run before" if shown else ""
    say(f"\n{len(shown)}{of} runs{': ' if parts else ''}{parts}{derived}")
    for one in damaged:
        say(f"damaged: {one.folder}: {one.said}")


def _note(here: ProjectPaths, words: Sequence[str]) -> None:
    """Writes what a run was made for, or what it taught."""
    pairs = [text.partition("=") for text in words[1:]]
    if not pairs or not all(sign for _, sign, _ in pairs):
        raise UsageError(f'it is shipworthy runs note RUN lesson="…" (or {", ".join(notes.FIELDS[:-1])}).')
    one = find(here.runs, words[0])
    kept = notes.edit(one.folder, {key: value for key, _, value in pairs})
    say(f"run {one.id}")
    for name, text in kept.items():
        say(f"  {name:<10} {text}")


def _show(here: ProjectPaths, words: Sequence[str]) -> None:
    """Says all that is known of a run."""
    from shipworthy.track.runs.show import lines

    _expect(words, 1, "shipworthy runs show RUN")
    say("\n".join(lines(find(here.runs, words[0]), here)))


def _dashboard(here: ProjectPaths, words: Sequence[str]) -> None:
    """Writes the page of all runs."""
    from shipworthy.track.runs.dashboard import write

    if len(words) > 1:
        raise UsageError("it is shipworthy runs dashboard [FOLDER].")
    say(f"dashboard: {write(here, Path(words[0]) if words else here.runs)}")


def _sync(here: ProjectPaths, words: Sequence[str]) -> None:
    """Sends what the trackers have not got yet, of runs, and of campaigns and sweeps as a whole."""
    from shipworthy.track.trackers.forwarder import spools, sync

    if len(words) > 1:
        raise UsageError("it is shipworthy runs sync [RUN].")
    waiting = spools(here.runs)
    if words and not (named := [one for one in waiting if one.name == words[0]]):
        one = find(here.runs, words[0]).folder
        named = [one] if one in waiting else []
    waiting = named if words else waiting
    sent = sum(sync(one) for one in track(waiting, "runs", len(waiting)))
    say(f"{sent} notes of {len(waiting)} runs sent")


def _select(here: ProjectPaths, words: Sequence[str]) -> None:
    """Makes a run's model the pipeline's."""
    from shipworthy.track.runs.selection import select

    options = dict(text.split("=", 1) for text in words[1:] if "=" in text)
    if not words or len(options) != len(words) - 1 or not {*options} <= {"alias", "name", "note"}:
        raise UsageError('it is shipworthy runs select RUN [alias=champion] [name=…] [note="…"].')
    for line in select(find(here.runs, words[0]), read_all(here.runs)[0], here, **options):
        say(line)


def _expect(words: Sequence[str], number: int, usage: str) -> None:
    if len(words) != number:
        raise UsageError(f"it is {usage}.")


VERBS: dict[str, Callable[[ProjectPaths, Sequence[str]], None]] = {
    "show": _show,
    "note": _note,
    "select": _select,
    "sync": _sync,
    "dashboard": _dashboard,
}
