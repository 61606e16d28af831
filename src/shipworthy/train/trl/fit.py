"""Trains by TRL's SFTTrainer on the prepared rows; its result is handed on as our own trainer's is.

A killed run goes on from TRL's newest whole checkpoint: of the last validation, or of the step at which it was asked to
stop. Rows, weights, moments and schedule go on as they stood; whether dropout draws as it would have, and whether a
GPU's kernels add in the same order, is TRL's and torch's.
"""

import shutil
from collections.abc import Sequence
from dataclasses import asdict, replace
from itertools import chain
from pathlib import Path

import polars as pl

from shipworthy.core import events
from shipworthy.core.errors import UsageError
from shipworthy.core.files import read_json, write_json
from shipworthy.core.interrupt import listening
from shipworthy.core.machine import cores
from shipworthy.core.progress import say, track
from shipworthy.evaluation import figures
from shipworthy.evaluation.metric import metric, title
from shipworthy.models.adapters.build import attach
from shipworthy.models.adapters.network import base_of, saved
from shipworthy.models.build import describe
from shipworthy.models.causal_lm.base import base_folder
from shipworthy.models.causal_lm.packed import Row
from shipworthy.models.causal_lm.quantities import NetworkQuantities
from shipworthy.models.causal_lm.schema import CausalLM
from shipworthy.models.documents import first
from shipworthy.train.length import settled
from shipworthy.train.lightning.batch_plan import plan_batches
from shipworthy.train.lightning.fit import lengths
from shipworthy.train.lightning.progress import Entry
from shipworthy.train.lightning.training_state import Request, precision_of
from shipworthy.train.monitor.replay import evaluating, swapped_weights
from shipworthy.train.objectives.build import build as build_objective
from shipworthy.train.objectives.sft import rows_of
from shipworthy.train.records import Records
from shipworthy.train.schema import LightningTrainer
from shipworthy.train.trl import trainer_process
from shipworthy.train.trl.history import history, numbers
from shipworthy.train.validation_answers import ANSWERS, Answers, interval, validated

__all__ = ["Request", "check", "fit", "lengths"]

PLACE = "trl"
"""Of TRL's files in a run's folder."""
IGNORED = -100
"""The label of a token that is only read."""


def check(request: Request) -> None:
    """What can be known before TRL is started: it is built, there are rows, and this machine has the precision.

    Raises:
        UsageError, ShipworthyError: something is missing.
    """
    trainer_process.interpreter()
    precision_of(request)
    _trainer(request)


def fit(request: Request, records: Records, target: Path) -> None:
    """Trains, and fills `target` with what TRL's best step left, its answers to `validation` and the run's records.

    Raises:
        UsageError: fewer rows than one batch.
        ShipworthyError: TRL is not built, or failed.
        StopRequestedError: this process was asked to stop.
    """
    check(request)
    trainer, folder = _trainer(request), request.run / PLACE
    rows = rows_of(request.train)
    batches = plan_batches(list(map(len, rows)), trainer.batch_size, trainer.steps * trainer.batch_size, request.seed)
    folder.mkdir(exist_ok=True)
    _write_rows([rows[place] for place in chain.from_iterable(batches)], folder / "train.parquet")
    _write_rows(rows_of(_checked(request)), folder / "validation.parquet")
    with listening():
        _train(request, trainer, folder, records)
    seen = [[rows[place] for place in batch] for batch in batches]
    _write_result(request, folder / "best", history(read_json(folder / "history.json"), seen), target)


def _write_rows(rows: Sequence[Row], path: Path) -> None:
    """Tokens, and of those that are predicted the labels."""
    found = []
    for row in rows:
        ids = [*row.prompt, *row.answer]
        taught = {len(row.prompt) + place for place in row.places().tolist()}
        labels = [token if place in taught else IGNORED for place, token in enumerate(ids)]
        found.append({"input_ids": ids, "labels": labels})
    pl.DataFrame(found).write_parquet(path)


def _trainer(request: Request) -> LightningTrainer:
    """The trainer with its length in steps of whole batches."""
    rows = lengths(request)
    trainer = settled(request.trainer, rows)
    if len(rows) < trainer.batch_size:
        raise UsageError(f"{len(rows)} training rows are fewer than trainer.batch_size={trainer.batch_size}: lower it.")
    return replace(trainer, epochs=0.0, tokens=0, validate_epochs=0.0)


def _checked(request: Request) -> pl.DataFrame:
    """The validation rows that are computed and, at the end, generated for."""
    return first(request.validation, request.trainer.validation_rows or request.validation.height)


def _train(request: Request, trainer: LightningTrainer, folder: Path, records: Records) -> None:
    job = {
        "base": str(base_folder(_model(request))),
        "name": _model(request).name,
        "out": str(folder),
        "train": str(folder / "train.parquet"),
        "validation": str(folder / "validation.parquet"),
        **{name: asdict(getattr(request, name)) for name in ("adapter", "optimizer", "schedule")},
        "precision": precision_of(request).name,
        **{name: getattr(trainer, name) for name in ("steps", "batch_size", "micro_batch_size", "validate_every")},
        **{name: getattr(trainer, name) for name in ("keep", "clip", "activation_checkpointing")},
        "threads": trainer.threads or cores(1),
        "seed": request.seed,
    }
    lines = trainer_process.steps(job, folder)
    for line in track((one for one in lines if "step" in one), "TRL: steps and validations", None):
        step, known = int(line["step"]), numbers(line)
        if known:
            records.log(known, step)
        events.emit(step=step, steps=trainer.steps)
        if "val_loss" in known:
            records.flush()
            events.emit(kept=step)
            say(f"step {step}: validation loss {known['val_loss']:.4f}, in {known['validation_s']:.0f} s")


def _write_result(request: Request, best: Path, made: list[Entry], target: Path) -> None:
    """Hands on the step of the lowest validation loss, with answers that our own code generates."""
    shutil.copytree(best, target, dirs_exist_ok=True)
    task, checked, objective = request.task, _checked(request), build_objective(request)
    network = attach(objective.network(precision_of(request).weights), request.adapter)
    with swapped_weights(network, saved(network, target)), evaluating(network):
        answers = Answers.of(task, checked, objective.predict(base_of(network), checked).predictions)
    answers.write(target / ANSWERS)
    chosen = min((entry for entry in made if "val_loss" in entry), key=lambda entry: entry["val_loss"])
    chosen["val_metric"] = answers.metric
    describe(request.model, target)
    objective.write(target)
    write_json(target / "history.json", made)
    quantities, seconds = NetworkQuantities(network), sum(entry["step_s"] for entry in made)
    write_json(
        target / "training.json",
        {
            "steps": len(made),
            "seconds": seconds,
            "tokens": sum(entry["tokens"] for entry in made),
            "tokens_per_s": sum(entry["tokens"] for entry in made) / seconds,
            "supervised_tokens_per_s": sum(entry["supervised_tokens"] for entry in made) / seconds,
            "precision": precision_of(request).name,
            "parameters": quantities.parameters,
            "trainable_parameters": quantities.trainable_parameters,
            "peak_memory_mb": max(entry["memory_mb"] for entry in made),
            "selected_step": chosen["step"],
            "selected_by": "val_loss",
            "selected_metric": answers.metric,
            "selected_interval": interval(target / ANSWERS, task.metric),
            "validated": validated(checked),
            "metric": task.metric,
            "greater_is_better": metric(task.metric).GREATER_IS_BETTER,
            "ledger": made[-1]["ledger"],
            "forgetting": None,
        },
    )
    value = figures.figure(task.metric, answers.metric)
    say(f"TRL: step {chosen['step']} has the lowest validation loss; its {title(task.metric)} on validation is {value}")


def _model(request: Request) -> CausalLM:
    assert isinstance(request.model, CausalLM)  # config/root.py refuses others
    return request.model
