"""Shows which rows a step of a run saw, and proves it by the run's ledger."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl

from shipworthy.core import json_output, words
from shipworthy.core.artifact import read_artifact
from shipworthy.core.errors import ShipworthyError, UsageError
from shipworthy.core.extensions import import_schemas
from shipworthy.core.files import read_json
from shipworthy.core.progress import say
from shipworthy.core.schema import SCHEMAS, from_plain
from shipworthy.models.dataset import split
from shipworthy.track.record.record import RECORD, dataset_folder
from shipworthy.track.runs.project_paths import project_paths
from shipworthy.track.runs.registry import find
from shipworthy.train.continuation import before
from shipworthy.train.length import recorded, rows_seen, settled
from shipworthy.train.lightning.batch_plan import ledger, plan_batches
from shipworthy.train.objectives.build import tokens
from shipworthy.train.pilot_run import PilotRun
from shipworthy.train.replay import kept
from shipworthy.train.replay.plan import with_replay

USAGE = """\
shipworthy trace RUN step=N [workspace=artifacts] [--json]

RUN        its id, the beginning of one, or its folder
step       of the training, from 1
workspace  the folder of artifacts beside whose runs/ it stands
"""
SHOWN = ("id", "answer", "cluster")


def run(arguments: Sequence[str]) -> None:
    """Shows a step, in words or, with `--json`, as a document."""
    with json_output.one_document(json_output.FLAG in arguments) as document:
        document(_trace(arguments))


def _trace(arguments: Sequence[str]) -> dict[str, Any]:
    """Prints the rows of a step.

    Raises:
        UsageError: there is no such run or step.
        ShipworthyError: the dataset is another one by now, or the run saw other rows than these.
    """
    folder, number = _asked(arguments)
    record = read_json(folder / RECORD)
    history = _history(folder)
    if not 1 <= number <= len(history):
        raise UsageError(f"step={number}: {folder} has done steps 1 to {len(history)} so far.")
    rows, batches = _plan(record, folder)
    ids = rows["id"].cast(pl.String).to_list()
    rolled = ""
    for step, batch in enumerate(batches[:number], 1):
        rolled = ledger(rolled, step, [ids[row] for row in batch])
        if rolled != history[step - 1]["ledger"]:
            raise ShipworthyError(
                f"At step {step} {folder} saw other rows than config and dataset say: its ledger is "
                f"{history[step - 1]['ledger']}, not {rolled}; the code that orders rows is another one by now "
                f"(look at {folder / 'checkpoint' / 'manifest.json'} for its Git SHA)."
            )
    entry = history[number - 1]
    done = "left out" if "skipped" in entry else "made"
    say(
        f"step {number} of {folder.name}: loss {entry['loss']:.4f}, gradient {entry['grad_norm']:.3f}, rate "
        f"{entry['lr']:.2e}, update {done}; ledger {rolled}, as the run noted it"
    )
    seen = rows[batches[number - 1]]
    _show(seen)
    facts = {key: entry.get(key) for key in ("loss", "grad_norm", "lr")}
    return {"run": folder.name, "step": number, **facts, "ledger": rolled, "rows": seen.to_dicts()}


def _asked(arguments: Sequence[str]) -> tuple[Path, int]:
    asked = words.read(USAGE, arguments)
    if not asked["step"].isdigit():
        raise UsageError(f"step={asked['step']} is no number: give a step of the training, from 1.")
    return find(project_paths(asked["workspace"]).runs, asked.names[0]).folder, int(asked["step"])


def _history(folder: Path) -> list[dict[str, Any]]:
    if (folder / "checkpoint" / "history.json").is_file():
        finished: list[dict[str, Any]] = read_json(folder / "checkpoint" / "history.json")
        return finished
    states = sorted(folder.glob("step-*/state.json"))
    running: list[dict[str, Any]] = read_json(states[-1])["progress"]["history"] if states else []
    return running


def _plan(record: dict[str, Any], run: Path) -> tuple[pl.DataFrame, list[list[int]]]:
    """The rows that a run may see, those that it replays behind the task's, and which of them each step sees."""
    dataset = read_artifact(dataset_folder(record, run.parent), "dataset")
    if dataset.digest != record["inputs"]["dataset"]:
        raise ShipworthyError(
            f"{dataset.path} is not the dataset of this run: check out {record['inputs']['dataset'][:12]}… again."
        )
    config = record["config"]
    if (kind := config["trainer"]["kind"]) not in ("lightning", "trl"):
        raise UsageError(f"trainer '{kind}' makes no steps, so there is none to show.")
    rows, sample = split(dataset, "train"), config["sample"]
    model = _part("model", config["model"])
    objective = _part("objective", config.get("objective", {"kind": "sft"}))  # older runs had no other
    trainer = recorded(config["trainer"])
    if sample:
        lengths = [length for _, length in tokens(objective, model, rows)]
        pilot = PilotRun(sample, rows, lengths, trainer, record["seeds"]["seed"])
        rows, trainer = pilot.rows, pilot.trainer
    taught = dict(tokens(objective, model, rows))
    rows, lengths = rows.filter(pl.col("id").cast(pl.String).is_in(list(taught))), list(taught.values())
    trainer = settled(trainer, lengths)
    if kind == "trl":  # its batches are whole
        trainer = replace(trainer, epochs=0.0)
    seed, share = record["seeds"]["seed"], config["trainer"].get("replay", {}).get("share", 0.0)
    batches = plan_batches(lengths, trainer.batch_size, rows_seen(trainer, len(lengths)), seed, before(run, lengths))
    if not share:
        return rows, batches
    replayed = kept.table(run)
    places = range(rows.height, rows.height + replayed.height)
    both = [rows.with_columns(pl.col("id").cast(pl.String)), replayed]
    return pl.concat(both, how="diagonal_relaxed"), with_replay(batches, places, share, seed)


def _part(group: str, value: dict[str, Any]) -> Any:
    """A group of a run's config."""
    import_schemas()
    return from_plain(SCHEMAS[group][value["kind"]], value, group)


def _show(rows: pl.DataFrame) -> None:
    texts = [name for name in rows.columns if rows[name].dtype == pl.String and name not in SHOWN]
    for row in rows.iter_rows(named=True):
        known = [row[name] for name in ("prompt_ids", "answer_ids") if row.get(name)]
        size = f"{sum(map(len, known))} tokens  " if known else ""
        told = " | ".join(str(row[name]) for name in texts if row[name] is not None)
        say(f"  {row['id']}  {size}{told} → {row['answer']}")
