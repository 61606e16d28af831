"""All that is known of one run, as lines for a terminal."""

from collections.abc import Iterable, Iterator
from pathlib import Path

from shipworthy.core.commands import beside, command
from shipworthy.track.quantities import amounts
from shipworthy.track.runs import curves, formatting, notes
from shipworthy.track.runs.ground import rows
from shipworthy.track.runs.project_paths import ProjectPaths
from shipworthy.track.runs.registry import Run
from shipworthy.track.runs.table import DERIVED
from shipworthy.track.trackers.journal import NOTES, SENT

FILES = {
    "record.json": "config, inputs, code and environment",
    "params.yaml": "the whole config",
    "code.diff": "what was not committed",
    "packages.txt": "all libraries",
    notes.FILE: "notes",
    "system.jsonl": "the machine while it ran",
    "checkpoint": "the trained model",
    "reproduction.json": "what came out when it was run again",
}


def lines(run: Run, here: ProjectPaths) -> list[str]:
    """What `runs show` prints."""
    record, code = run.record, run.record.get("code", {})
    dirty = ", uncommitted changes" if code.get("uncommitted") else ""
    tagged = f" [{', '.join(run.tags)}]" if run.tags else ""
    parts = {
        f"run {run.id}{tagged}": _facts(run),
        "notes": _notes(run),
        "result": _result(run),
        "starts": _starts(run),
        "alerts": _alerts(run),
        "made from": [
            *(f"{name:<12} {digest[:16]}" for name, digest in record.get("inputs", {}).items()),
            f"{'code':<12} {code.get('git_sha', '')[:12] or 'no commit'}{dirty}",
            f"{'command':<12} {' '.join(record.get('command_line', []))}",
        ],
        "files": [*_files(run.folder)],
    }
    found = []
    for title, said in parts.items():
        found += [title, *(f"  {line}" for line in said)] if said else []
    return found


def _facts(run: Run) -> list[str]:
    begun = f"{formatting.when(run.began)} ({formatting.zone()})"
    facts = [f"{run.name}, {run.status}; begun {begun}, took {formatting.took(run.seconds)}"]
    if spent := amounts(run.money):
        facts[0] += f", {spent}"
    if run.campaign:
        facts.append(f"trial {run.number} of campaign {run.campaign}: {formatting.change(run.derived)}")
    return facts


def _notes(run: Run) -> list[str]:
    entries = notes.history(run.folder)
    said = [f"{name:<12} {text}" for name, text in run.notes.items()]
    if "change" not in run.notes and run.derived:
        said.append(f"{'change':<12} {DERIVED}{formatting.change(run.derived)}{_against(run)}")
    return [*said, *(f"{by}: {what}" for by, what in map(notes.described, entries))]


def _against(run: Run) -> str:
    """What a derived change is counted from."""
    if run.trial:
        return " (against the campaign's recipe)"
    if run.changes is None:
        return " (against the run before it)"
    return f" (against the recipe {run.recipe})" if run.recipe else " (against conf/)"


def _result(run: Run) -> list[str]:
    said = []
    if run.value is not None:
        at = f", step {run.training['selected_step']}" if "selected_step" in run.training else ""
        of = f"{rows(run):,} rows of " if rows(run) else ""
        said.append(f"{run.metric} {formatting.measured(run.value, run.interval)} on {of}validation{at}")
    for name, curve in curves.curves(curves.history(run.folder)).items():
        drawn = curves.sparkline(curve)
        said.append(f"{name:<12} {drawn} {curve.values[0]:.3g} → {curve.values[-1]:.3g}, step {curve.steps[-1]}")
    return said


def _starts(run: Run) -> list[str]:
    said = []
    for start in run.starts:
        job = f", job {start.job}" if start.job else ""
        ended = f"{start.status} {formatting.when(start.ended)}" if start.ended is not None else run.status
        if start.ended is None and start is not run.starts[-1]:
            ended = "killed"
        step = f" at step {start.step}" if start.step is not None else ""
        why = f": {start.said}" if start.said else ""
        said.append(f"{start.number}  {formatting.when(start.began)} on {start.host}{job}, {ended}{step}{why}")
    return said


def _alerts(run: Run) -> list[str]:
    events: Iterable[dict[str, str]] = run.training.get("events") or curves.progress(run.folder).get("events", [])
    return [
        f"step {event.get('step', '?')}: {event.get('detector', '')}, {event.get('action', '')}: "
        f"{event.get('sentence') or event.get('said', '')}"
        for event in events
    ]


def _files(folder: Path) -> Iterator[str]:
    yield str(folder)
    for name, what in FILES.items():
        if (folder / name).exists():
            yield f"  {name:<18} {what}"
    if waiting := _waiting(folder / "tracker"):
        remedy = command(f"runs sync {folder.name}", workspace=beside(folder.parent))
        yield f"  {'tracker':<18} {waiting / 1000:.1f} kB not sent yet: `{remedy}`"


def _waiting(spool: Path) -> int:
    """Bytes of notes that were not delivered yet."""
    if not (spool / NOTES).is_file():
        return 0
    sent = (spool / SENT).read_text(encoding="utf-8").strip() if (spool / SENT).is_file() else ""
    return (spool / NOTES).stat().st_size - int(sent or 0)
