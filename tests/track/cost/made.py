"""Folders of runs as the record and the trainer leave them."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import polars as pl

from shipworthy.core.artifact import write_artifact
from shipworthy.core.files import write_json
from shipworthy.evaluation import predictions
from shipworthy.models.protocol import Prediction

BEGAN = 1_790_000_000.0
TASK = {
    "kind": "classification", "name": "income", "description": "Tells it.", "metric": "accuracy",
    "baselines": ["majority"], "positive": "",
}  # fmt: skip
TRAINER = {"kind": "lightning", "batch_size": 4, "micro_batch_size": 4, "checkpoint_every": 10}
ENVIRONMENT = {"processor": "Slow 3000", "cpus": 2, "gpus": []}


def config(**groups: Any) -> dict[str, Any]:
    """As a run records it."""
    return {
        "task": TASK,
        "model": {"kind": "causal_lm", "name": "tiny"},
        "adapter": {"kind": "lora", "rank": 4},
        "trainer": TRAINER,
        "compute": {"kind": "machine", "watts_idle": 36.0, "watts_busy": 108.0, "price_per_hour": 0.5},
        "sample": "",
        **groups,
    }


def start(number: int, began: float, ended: float | None, status: str = "finished", **facts: Any) -> list[Any]:
    """The lines of one start; `ended` None for one that was killed by force."""
    first = {
        "start": number, "began": began, "host": "elsewhere", "pid": 1, "job": "", "cpus": 2, "gpus": [],
        "price_per_hour": 0.5, "currency": "USD",
    }  # fmt: skip
    last = {
        "start": number,
        "ended": ended,
        "status": status,
        "said": "",
        "step": facts.pop("step", None),
        "stepped": facts.pop("stepped", []),
    }
    return [{**first, **facts}, *([last] if ended is not None else [])]


def lines(path: Path, values: Sequence[Any]) -> None:
    """A file of JSON lines."""
    path.write_text("".join(json.dumps(value) + "\n" for value in values), encoding="utf-8")


def write_run(
    root: Path,
    run_id: str,
    starts: Sequence[Sequence[Any]],
    *,
    samples: Sequence[Mapping[str, Any]] = (),
    training: Mapping[str, Any] | None = None,
    history: Sequence[Mapping[str, Any]] = (),
    correct: Sequence[bool] | None = None,
    scored: Sequence[Any] | None = None,
    campaign: Mapping[str, Any] | None = None,
    **groups: Any,
) -> Path:
    """`runs/<run_id>`; with `training` it has finished.

    Args:
        correct: which validation rows (ids 0, 1, …) it answers rightly.
        scored: by the deciding metric (None: right or wrong, too).
    """
    folder = root / "runs" / run_id
    folder.mkdir(parents=True)
    record = {
        "run_id": run_id,
        "command": "train",
        "name": "tiny",
        "began": starts[0][0]["began"],
        "config": config(**groups),
        "inputs": {"dataset": "d1"},
        "dataset": "artifacts/dataset",
        "environment": ENVIRONMENT,
        "code": {"git_sha": "abc", "source": "def"},
        "campaign": campaign,
    }
    write_json(folder / "record.json", record)
    lines(folder / "starts.jsonl", [line for one in starts for line in one])
    lines(folder / "system.jsonl", samples)
    if training is not None:
        with write_artifact(folder / "checkpoint", "checkpoint", run_id=run_id, config={}, inputs={}, seeds={}) as made:
            write_json(made / "training.json", {"metric": "accuracy", "steps": 100, **training})
            write_json(made / "history.json", list(history))
            if correct is not None:
                by_metric = list(correct if scored is None else scored)
                ids = [str(i) for i in range(len(correct))]
                frame = {
                    "id": ids,
                    "prediction": [("no", "yes")[one] for one in correct],
                    "scored": by_metric,
                    "correct": list(correct),
                }
                pl.DataFrame(frame).write_parquet(made / "validation.parquet")
    return folder


def write_baseline(root: Path, right: Sequence[bool], dataset: str = "d1", sure: float = 1.0) -> None:
    """Dataset's validation answers (always `yes`), and a baseline `majority` that is right where it is said.

    Args:
        sure: how likely it holds its answers to be.
    """
    folder = root / "artifacts" / "dataset"
    folder.mkdir(parents=True, exist_ok=True)
    ids = [str(i) for i in range(len(right))]
    pl.DataFrame({"id": ids, "answer": "yes"}).write_parquet(folder / "validation.parquet")
    made_of = {"run_id": "b", "config": {}, "inputs": {"dataset": dataset}, "seeds": {}}
    with write_artifact(root / "artifacts" / "baseline", "baseline", **made_of) as made:  # type: ignore[arg-type]
        (made / "predictions").mkdir()
        said = ["yes" if one else "no" for one in right]
        given = [Prediction(one, {one: sure, "yes" if one == "no" else "no": 1 - sure}) for one in said]
        predictions.write(made / "predictions" / "majority.parquet", pl.Series(ids), given)
        value = {"value": sum(right) / len(right), "low": 0.0, "high": 1.0, "level": 0.95}
        measured = {"accuracy": value, "brier": value}
        write_json(made / "baseline.json", {"baselines": [{"name": "majority", "validation": measured}]})
