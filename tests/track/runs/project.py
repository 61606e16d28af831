"""Runs as they are on disk after weeks of work: any number of them, of all kinds, always the same for a seed."""

import hashlib
import json
import os
import random
from dataclasses import asdict
from math import exp, log2, log10, sqrt
from pathlib import Path
from typing import Any

import polars as pl

from shipworthy.core.artifact import Manifest, file_records
from shipworthy.core.files import write_json

DATASET, OTHER_DATASET = "8e2d2ee96c321c75e3e39179793042bc4cf3176190afe874fb6cfc260b07c530", "1" * 64
FIRST = 1_790_000_000.0
STEPS, EVERY, ROWS = 400, 40, 200
HYPOTHESES = (
    "A larger rank learns the rare services too.",
    "Half the rate is calmer, and ends higher.",
    "Dropout closes the gap between train and validation.",
    "Warm-up longer than 6% is wasted.",
    "More steps: the loss still falls at the end.",
)
LESSONS = (
    "Rank 32 gives nothing over 16 and costs 20% more time.",
    "Rates above 2e-3 diverge within 50 steps; look at 1e-3 and below.",
    "The verb is right in 9 of 10; what is lost is the object's plural.",
    "Two seeds differ by 2 points: nothing below that is worth a decision.",
)
STATUSES = ("finished",) * 15 + ("pruned", "pruned", "failed", "stopped", "killed")


def project(folder: Path, runs: int = 200, seed: int = 0, steps: int = STEPS) -> Path:
    """Writes `runs` runs into `folder`/runs, of which about a third belong to two campaigns; returns that folder."""
    draw = random.Random(seed)
    for number in range(runs):
        where = draw.random()
        campaign = None if where < 0.65 else {"name": "lr" if where < 0.85 else "rank", "trial": number}
        facts: dict[str, Any] = {
            "lr": draw.choice([3e-4, 5e-4, 1e-3, 2e-3]) if not campaign else 10 ** draw.uniform(-4, -2.5),
            "rank": draw.choice([4, 8, 16, 32]),
            "dropout": draw.choice([0.0, 0.05, 0.1]),
            "seed": draw.choice([17, 18, 19]),
            "status": draw.choice(STATUSES),
            "began": FIRST + number * 7200 + draw.uniform(0, 600),
            "campaign": campaign,
            "steps": steps,
        }
        if draw.random() < 0.5 and not campaign:
            facts["notes"] = {"hypothesis": draw.choice(HYPOTHESES)}
            if draw.random() < 0.5:
                facts["notes"]["lesson"] = draw.choice(LESSONS)
        run(folder / "runs", f"{number}", **facts)
    return folder / "runs"


def run(
    runs: Path,
    name: str,
    *,
    lr: float = 1e-3,
    rank: int = 16,
    dropout: float = 0.0,
    seed: int = 17,
    status: str = "finished",
    began: float = FIRST,
    campaign: dict[str, Any] | None = None,
    notes: dict[str, str] | None = None,
    steps: int = STEPS,
    dataset: str = DATASET,
    correct: list[bool] | None = None,
    errors: list[float] | None = None,
    tracker: dict[str, Any] | None = None,
    model: str = "SmolLM2-135M-Instruct",
    said: str = "",
    **record: Any,
) -> Path:
    """Writes one run; its id is the hash of `name`.

    Args:
        correct: what its model got right, row by row.
        errors: of each row, where the metric is the Brier score.
    """
    run_id = hashlib.sha256(name.encode()).hexdigest()[:16]
    folder, draw = runs / run_id, random.Random(name)
    done = steps if status == "finished" else draw.randrange(steps // 4, steps)
    seconds = done * draw.uniform(3.5, 4.5)
    folder.mkdir(parents=True)
    write_json(
        folder / "record.json",
        {
            "run_id": run_id,
            "command": "train",
            "name": model,
            "began": began,
            "config": config(lr, rank, dropout, seed, steps, tracker or {"kind": "none"}, model),
            "inputs": {"dataset": dataset},
            "dataset": "artifacts/dataset",
            "seeds": {"seed": seed, "python": seed, "numpy": seed, "torch": seed, "workers": [seed]},
            "code": {"git_sha": "cbbf991" * 5, "uncommitted": "", "source": "3" * 64, "snapshot": "", "diff": ""},
            "environment": {"python": "3.11.7", "processor": "AMD EPYC", "cpus": 2, "gpus": [], "driver": ""},
            "dvc": {"data.dvc": "4" * 64, "dvc.lock": ""},
            "slurm": None,
            "command_line": ["shipworthy", "train", f"optimizer.lr={lr}"],
            "variables": {"OMP_NUM_THREADS": "1"},
            "campaign": campaign,
            **record,
        },
    )
    begin = {"start": 1, "began": began, "host": "node-1", "pid": 1, "job": "", "cpus": 2, "gpus": []}
    lines: list[dict[str, Any]] = [{**begin, "price_per_hour": 0.1, "currency": "USD"}]
    if status not in ("killed", "running"):
        ending = {"stopped": "killed"}.get(status, status)
        said = said or {"failed": "The loss is not finite at step 120: nan.", "pruned": "Below the median."}.get(
            status, ""
        )
        lines.append({"start": 1, "ended": began + seconds, "status": ending, "said": said, "step": done})
    (folder / "starts.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    if notes:
        write_json(folder / "notes.json", {**notes, "edited": began})
    history = curve(draw, lr, rank, done)
    _campaign(runs, campaign, {"optimizer.lr": lr, "adapter.rank": rank}, status, run_id)
    if status == "finished":
        _checkpoint(folder / "checkpoint", run_id, history, seconds, correct, errors, dataset, draw)
    else:
        step = folder / f"step-{done // 20 * 20:07d}"
        step.mkdir()
        progress = {"history": history[: done // 20 * 20], "events": [], "seconds": seconds}
        write_json(step / "state.json", {"step": done // 20 * 20, "progress": progress})
        if status != "running":
            for path in (step, *folder.rglob("*")):
                os.utime(path, (began + seconds, began + seconds))
    return folder


def config(
    lr: float, rank: int, dropout: float, seed: int, steps: int, tracker: dict[str, Any], model: str
) -> dict[str, Any]:
    """About as large as a real one: each detector of the monitor has its own values."""
    detectors = ("not_finite", "spike", "explosion", "divergence", "vanishing", "dead_adapter", "plateau", "slow_data")
    return {
        "task": {"kind": "text_to_text", "name": "operation_naming", "metric": "exact_match", "max_length": 128},
        "model": {"kind": "causal_lm", "name": model, "licence": "Apache-2.0"},
        "adapter": {"kind": "lora", "rank": rank, "alpha": 2 * rank, "dropout": dropout, "targets": ["all-linear"]},
        "trainer": {
            "kind": "lightning",
            "batch_size": 16,
            "steps": steps,
            "validate_every": EVERY,
            "monitor": {name: {"action": "warn", "window": 50, "warm_up": 20, "least": 0.5} for name in detectors},
        },
        "optimizer": {"kind": "adamw", "lr": lr, "beta1": 0.9, "beta2": 0.999, "warmup": 0.06, "floor": 0.05},
        "tracker": tracker,
        "compute": {"kind": "machine", "price_per_hour": 0.1, "currency": "USD"},
        "sample": "",
        "seed": seed,
    }


def curve(draw: random.Random, lr: float, rank: int, steps: int) -> list[dict[str, Any]]:
    """A history that looks like one: the loss falls in noise, and faster with the right rate."""
    speed = 40 * (1 + abs(lr - 1e-3) / 1e-3) * draw.uniform(0.9, 1.3)
    ceiling = 0.62 + 0.015 * log2(rank) - 0.08 * abs(log10(lr / 1e-3)) + draw.gauss(0, 0.015)
    history: list[dict[str, Any]] = []
    for step in range(1, steps + 1):
        level = 0.35 + 5 * exp(-step / speed) - 0.02 * sqrt(rank)
        entry = {"step": step, "loss": level * draw.uniform(0.8, 1.25), "grad_norm": draw.uniform(0.5, 2), "lr": lr}
        entry |= {"ledger": f"{draw.getrandbits(128):032x}", "tokens": 700, "step_s": draw.uniform(3.5, 4.5)}
        entry |= {f"grad_norm/layers.{part}": draw.random() for part in range(6)}
        if step % EVERY == 0 or step == steps:
            entry |= {"val_loss": level * 1.08, "val_metric": round(ROWS * ceiling * (1 - exp(-step / speed))) / ROWS}
        history.append(entry)
    return history


def _checkpoint(
    folder: Path,
    run_id: str,
    history: list[dict[str, Any]],
    seconds: float,
    correct: list[bool] | None,
    errors: list[float] | None,
    dataset: str,
    draw: random.Random,
) -> None:
    validated = [entry for entry in history if "val_metric" in entry]
    best = max(validated, key=lambda entry: entry["val_metric"])
    if correct is None:
        right = draw.sample(range(ROWS), round(best["val_metric"] * ROWS))
        correct = [row in right for row in range(ROWS)]
    scored: list[Any] = [*correct] if errors is None else errors
    value = sum(scored) / len(scored)
    spread = 1.96 * sqrt(max(value * (1 - value), 1e-9) / len(scored))
    folder.mkdir()
    write_json(
        folder / "training.json",
        {
            "steps": len(history),
            "seconds": seconds,
            "tokens": 700 * len(history),
            "peak_memory_mb": 1952.6,
            "selected_step": best["step"],
            "selected_metric": value,
            "selected_interval": {"value": value, "low": value - spread, "high": value + spread, "n": len(scored)},
            "metric": "exact_match" if errors is None else "brier",
            "greater_is_better": errors is None,
            "events": [
                {
                    "step": 90,
                    "detector": "plateau",
                    "action": "warn",
                    "sentence": "The loss has not fallen for 50 steps.",
                }
            ],
        },
    )
    write_json(folder / "history.json", history)
    write_json(folder / "candidate.json", {"model": {"kind": "causal_lm"}})
    (folder / "adapter").mkdir()
    (folder / "adapter" / "adapter_model.safetensors").write_bytes(draw.randbytes(2_000))
    ids = [f"row-{row}" for row in range(len(scored))]
    pl.DataFrame({"id": ids, "prediction": ["Get"] * len(ids), "scored": scored}).write_parquet(
        folder / "validation.parquet"
    )
    manifest = Manifest(
        kind="checkpoint",
        run_id=run_id,
        files=file_records(folder),
        inputs={"dataset": dataset},
        config={},
        seeds={"seed": 17},
        code={"git_sha": ""},
        environment={},
        started=0.0,
        finished=seconds,
    )
    write_json(folder / "manifest.json", asdict(manifest))


def _campaign(runs: Path, campaign: dict[str, Any] | None, params: dict[str, Any], status: str, run_id: str) -> None:
    if not campaign:
        return
    trial = {"number": campaign["trial"], "state": status, "params": params, "run_id": run_id, "values": {}}
    write_json(runs / "campaigns" / campaign["name"] / "trials" / f"{campaign['trial']}.json", trial)
    (runs / "campaigns" / campaign["name"] / "report.html").write_text("<!doctype html><title>campaign</title>")
