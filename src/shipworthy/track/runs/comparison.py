"""Runs side by side: first what would forbid to compare them, then what they were, what came out and what it cost."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from shipworthy.core.artifact import MANIFEST
from shipworthy.core.files import read_json, sha256_of_json
from shipworthy.evaluation import figures
from shipworthy.evaluation.intervals import Interval
from shipworthy.evaluation.metric import title
from shipworthy.track.quantities import amounts
from shipworthy.track.runs import curves, formatting
from shipworthy.track.runs.conclusion import concluded
from shipworthy.track.runs.ground import apart
from shipworthy.track.runs.ground import rows as ground_rows
from shipworthy.track.runs.notes import FIELDS
from shipworthy.track.runs.pairs import Pair, data, interval, pairs
from shipworthy.track.runs.project_paths import ProjectPaths
from shipworthy.track.runs.ranking import trained_mb
from shipworthy.track.runs.registry import NO_CHANGE, Run
from shipworthy.track.trackers.flat import flat

NONE, NOT_MEASURED = "–", "not measured"
HASHES = 12
"""So many digits of a hash are shown."""


@dataclass(frozen=True)
class Part:
    """One part of the comparison.

    Attributes:
        rows: what it is about, and what each run has.
        remarks: sentences above them.
        alarm: whether the first of these must not be overlooked.
    """

    title: str
    rows: Sequence[tuple[str, Sequence[str]]] = ()
    remarks: Sequence[str] = field(default_factory=list)
    alarm: bool = False


def compare(runs: Sequence[Run], here: ProjectPaths) -> list[Part]:
    """All parts; each row has one cell per run, in the runs' order."""
    return [
        _data(runs),
        _made_by("config", [one.config for one in runs], skip=NO_CHANGE),
        _code(runs),
        _made_by("environment", [_environment(one) for one in runs]),
        _result(runs),
        _paired(pairs(runs)),
        _cost(runs),
        _model(runs, here),
        _notes(runs),
        Part("conclusion", [], concluded(runs, here)),
    ]


def _data(runs: Sequence[Run]) -> Part:
    differing = _differing([one.record.get("inputs", {}) for one in runs])
    rows = [(key, [str(value)[:HASHES] for value in values]) for key, values in differing]
    measured = [one for one in runs if one.value is not None]
    apart_from_first = [(one, why) for one in measured[1:] if (why := apart(one, measured[0]))]
    if len({data(one) for one in runs}) > 1:
        if len(measured) == len(runs) and not apart_from_first:
            return Part("data", rows, ["Other datasets, with the same validation rows: their metrics can be compared."])
        return Part("data", rows, ["Other data: their metrics cannot be compared."], alarm=True)
    same = f"The same dataset, {data(runs[0])[:HASHES] or 'of no name'}."
    told = [
        f"{one.id[:8]} against {measured[0].id[:8]}: {why}; their values are not to be subtracted."
        for one, why in apart_from_first
    ]
    return Part("data", rows, [*told, same], alarm=bool(told))


def _made_by(title: str, facts: Sequence[Mapping[str, Any]], skip: Sequence[str] = ()) -> Part:
    differing = [(key, values) for key, values in _differing(facts) if key not in skip]
    rows = [
        (key, [NONE if value is None else _short(formatting.plain(value)) for value in values])
        for key, values in differing
    ]
    return Part(title, rows, [] if rows else [f"The same {title}."])


def _code(runs: Sequence[Run]) -> Part:
    keys = ("git_sha", "uncommitted", "source")
    facts = [{key: one.record.get("code", {}).get(key, "") for key in keys} for one in runs]
    rows = [(key, [str(value)[:HASHES] or NONE for value in values]) for key, values in _differing(facts)]
    diffs = [one.folder / "code.diff" for one in runs if (one.folder / "code.diff").is_file()]
    if not rows:
        return Part("code", rows, ["The same code."])
    said = "The package's own source is the same." if len({one["source"] for one in facts}) == 1 else ""
    return Part("code", rows, [*filter(None, [said]), *(f"What was not committed: {path}" for path in diffs)])


def _environment(run: Run) -> dict[str, Any]:
    """Hardware and Python of the record, and the version of each library."""
    found = flat(run.record.get("environment", {}))
    path = run.folder / "packages.txt"
    if not path.is_file():
        return found
    pins = (line.partition("==") for line in path.read_text(encoding="utf-8").splitlines() if "==" in line)
    hardware = {key: value for key, value in found.items() if not key.startswith(("libraries.", "packages", "lock"))}
    return {**hardware, **{name.strip(): version.strip() for name, _, version in pins}}


def _result(runs: Sequence[Run]) -> Part:
    final: list[dict[str, curves.Curve]] = [curves.curves(curves.history(one.folder)) for one in runs]
    rows = _rows(
        runs,
        {
            "status": lambda one: one.status + (f": {_short(one.said)}" if one.said else ""),
            title(runs[0].metric) if runs[0].metric else "metric": lambda one: _measured(one, runs[0].metric),
            "validation rows": lambda one: f"{ground_rows(one):,}" if ground_rows(one) else NONE,
            "at step": lambda one: str(one.training.get("selected_step", NONE)),
            "steps": lambda one: NONE if one.steps is None else str(one.steps),
            "events": lambda one: str(len(one.training.get("events", []))),
        },
    )
    for name, words in (("loss", "training loss"), ("val_loss", "validation loss")):
        if any(name in found for found in final):
            rows.append((f"last {words}", [f"{c[name].values[-1]:.4g}" if name in c else NONE for c in final]))
    for name in ("loss", "metric"):
        if any(name in found for found in final):
            rows.append((f"{name}, drawn", [curves.sparkline(c[name], 24) if name in c else NONE for c in final]))
    return Part("result", rows)


def _measured(run: Run, usual: str) -> str:
    if run.value is None:
        return NONE
    found = Interval(run.value, *run.interval) if run.interval else interval(run)
    text = figures.interval(run.metric, found) if found else figures.figure(run.metric, run.value)
    return text if run.metric == usual else f"{title(run.metric)} {text}"


def _paired(found: Sequence[Pair]) -> Part:
    remarks = []
    for pair in found:
        mine, theirs = pair.run.id[:8], pair.reference.id[:8]
        if pair.claim is None:
            remarks.append(f"{mine} against {theirs}: no paired test, for {pair.why_not}.")
            continue
        one = pair.claim
        holm = f" for {one.tests} tests (Holm)" if one.tests > 1 else ""
        remarks.append(
            f"{mine} against {theirs}, {one.rows}: {one.sentence}, {one.figures}{holm}, by the {one.test} at "
            f"alpha {one.alpha:g}.{_on_both(pair)}"
        )
    if any(pair.claim for pair in found):
        remarks.append("Each model was selected on these rows, so its own value is a little too good.")
    return Part("difference", [], remarks)


def _on_both(pair: Pair) -> str:
    """The two values on the rows of the test, where these are not all that they were measured on."""
    if not pair.partly or pair.values is None:
        return ""
    mine, theirs = (figures.figure(pair.run.metric, value) for value in pair.values)
    return f" These are the rows of both; on them {pair.run.id[:8]} has {mine} and {pair.reference.id[:8]} {theirs}."


def _cost(runs: Sequence[Run]) -> Part:
    return Part(
        "cost",
        _rows(
            runs,
            {
                "took": lambda one: formatting.took(one.seconds),
                "money": lambda one: amounts(one.money) or NONE,
                "starts": lambda one: str(len(one.starts)),
                "memory": lambda one: (
                    f"{one.training['peak_memory_mb']:.0f} MB" if "peak_memory_mb" in one.training else NONE
                ),
            },
        ),
    )


def _model(runs: Sequence[Run], here: ProjectPaths) -> Part:
    measured = [_of_the_pipeline(one, here) for one in runs]
    rows = _rows(runs, {"trained files": _trained_mb})
    for name in ("size", "p95, in process", "p95, served"):
        rows.append((name, [found.get(name, NOT_MEASURED) for found in measured]))
    return Part("model", rows)


def _trained_mb(run: Run) -> str:
    size = trained_mb(run)
    return NONE if size is None else f"{size:.3f} MB" if size < 1 else f"{size:.1f} MB"


def _of_the_pipeline(run: Run, here: ProjectPaths) -> dict[str, str]:
    """What `evaluate` and `bench` measured, if the pipeline's checkpoint is this run's."""
    own = run.folder / "checkpoint" / MANIFEST
    found: dict[str, str] = {}
    if not own.is_file():
        return found
    manifest = read_json(own)
    digest = sha256_of_json({"kind": manifest["kind"], "files": manifest["files"]})
    if evaluation := _made_from(here.artifacts / "evaluation", digest, "evaluation.json"):
        tuned: dict[str, Any] = next((one for one in evaluation["candidates"] if one["role"] == "tuned"), {})
        if tuned.get("size_mb") is not None:
            found["size"] = f"{tuned['size_mb']:.1f} MB with its base"
        if tuned.get("p95_s") is not None:
            found["p95, in process"] = f"{1000 * tuned['p95_s']:.0f} ms"
    if bench := _made_from(here.artifacts / "bench", digest, "bench.json"):
        latency = bench["single"].get("latency_s") or {}
        if "p95" in latency:
            found["p95, served"] = f"{1000 * latency['p95']:.0f} ms ({bench['variant']}, {bench['engine']})"
    return found


def _made_from(folder: Path, checkpoint: str, name: str) -> dict[str, Any]:
    if not (folder / MANIFEST).is_file() or read_json(folder / MANIFEST)["inputs"].get("checkpoint") != checkpoint:
        return {}
    found: dict[str, Any] = read_json(folder / name)
    return found


def _notes(runs: Sequence[Run]) -> Part:
    rows = [
        (name, [one.notes.get(name, NONE) for one in runs]) for name in FIELDS if any(name in one.notes for one in runs)
    ]
    return Part("notes", rows, [] if rows else ["Nobody wrote any."])


def _rows(runs: Sequence[Run], facts: Mapping[str, Callable[[Run], str]]) -> list[tuple[str, Sequence[str]]]:
    return [(name, [say(one) for one in runs]) for name, say in facts.items()]


def _differing(facts: Sequence[Mapping[str, Any]]) -> list[tuple[str, list[Any]]]:
    """The keys that not all have alike, with the value of each (None: it has no such key)."""
    keys = sorted({key for one in facts for key in one})
    found = [(key, [one.get(key) for one in facts]) for key in keys]
    return [(key, values) for key, values in found if len({json.dumps(value, sort_keys=True) for value in values}) > 1]


def _short(text: str) -> str:
    return formatting.shortened(text, 60)
