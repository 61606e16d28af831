"""What is written when a step goes wrong: the batch's rows, the run's state, a replay, and what follows of them."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from shipworthy.core.files import write_json, write_text
from shipworthy.train.monitor.cause import Cause, Replay, cause
from shipworthy.train.monitor.findings import Finding, History
from shipworthy.train.monitor.losses import losses

RECENT = 20
MOST_CHARACTERS = 200


def write_spike_report(
    folder: Path,
    finding: Finding,
    history: History,
    rows: Sequence[Mapping[str, Any]],
    rows_nll: Callable[[str], Sequence[float]],
    good_step: int | None,
) -> Path:
    """Writes `spike_report-<step>.json` and, to be read, `spike_report-<step>.md`.

    Args:
        history: up to the step of the finding, which is the last entry.
        rows: the batch's: `id`, `prompt`, `answer` (texts), `tokens`, `supervised` (counts).
        rows_nll: mean loss per supervised token of each row, in float32 and the same each time, with the weights as
            they are ("now"; before the optimizer step), and with those of the last good checkpoint ("good"; called
            only where `good_step` is given).
        good_step: the step of that checkpoint, `finding.good` or before; None if there is none.

    Returns:
        The path of the JSON file.
    """
    entry = history[-1]
    supervised = [int(row["supervised"]) for row in rows]
    replay = Replay(supervised, rows_nll("now"), rows_nll("good") if good_step is not None else None)
    good = replay.good if replay.good is not None else [None] * len(rows)
    started = next(n for n, e in enumerate(history) if e["step"] >= finding.since)
    why = cause(float(entry["loss"]), losses(history, started - RECENT, started), replay)
    table = [
        {**row, "loss": loss, "loss_good": before, "carries": number in why.rows}
        for number, (row, loss, before) in enumerate(zip(rows, replay.now, good, strict=True))
    ]
    table.sort(key=lambda row: float(row["loss"]) if math.isfinite(row["loss"]) else math.inf, reverse=True)
    report = {
        "finding": asdict(finding),
        "cause": why.name,
        "because": why.because,
        "step": finding.step,
        "good_step": good_step,
        "loss": entry["loss"],
        "loss_replayed": replay.batch(replay.now),
        "loss_replayed_good": replay.batch(replay.good) if replay.good is not None else None,
        "lr": entry.get("lr"),
        "gradient_norms": {key: value for key, value in entry.items() if key.startswith("grad_norm")},
        "losses": [{"step": e["step"], "loss": e["loss"]} for e in history[-RECENT:]],
        "rows": table,
    }
    path = folder / f"spike_report-{finding.step:07d}.json"
    write_text(path.with_suffix(".md"), _page(finding, why, report))
    write_json(path, _plain(report))
    return path


def _plain(value: Any) -> Any:
    """The same, with numbers that JSON does not know as words."""
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return str(value) if isinstance(value, float) and not math.isfinite(value) else value


def _page(finding: Finding, why: Cause, report: Mapping[str, Any]) -> str:
    good = f"the weights of step {report['good_step']}" if report["good_step"] is not None else "no good checkpoint"
    lines = [
        f"# Step {finding.step}: {finding.detector} ({finding.action})",
        "",
        finding.sentence,
        "",
        f"**Cause: {why.name}.** {why.because}",
        "",
        f"- loss {_cell(report['loss'])}; replayed in float32 {_cell(report['loss_replayed'])}; with {good} "
        f"{_cell(report['loss_replayed_good'])}",
        f"- rate {_cell(report['lr'])}",
        *(f"- {name} {_cell(norm)}" for name, norm in report["gradient_norms"].items()),
        f"- last losses: {', '.join(_cell(e['loss']) for e in report['losses'])}",
        "",
        "| row | loss | with good weights | tokens | supervised | prompt | answer |",
        "|---|---|---|---|---|---|---|",
    ]
    for row in report["rows"]:
        mark = "**" if row["carries"] else ""
        cells = [row[k] for k in ("loss", "loss_good", "tokens", "supervised", "prompt", "answer")]
        lines.append(f"| {mark}{_cell(row['id'])}{mark} | {' | '.join(map(_cell, cells))} |")
    return "\n".join(lines) + "\n"


def _cell(value: Any) -> str:
    if value is None:
        return "–"
    text = f"{value:.4g}" if isinstance(value, float) else " ".join(str(value).split()).replace("|", "\\|")
    return text if len(text) <= MOST_CHARACTERS else f"{text[:MOST_CHARACTERS]}…"
