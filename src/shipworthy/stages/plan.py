"""`plan`: what to train, will it fit, what will it cost, when is it good enough?"""

import os
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import polars as pl

from shipworthy.architect import document
from shipworthy.architect.calibration import calibrate, calibrate_baselines
from shipworthy.architect.compute.machine import resolve
from shipworthy.architect.compute.schema import Machine
from shipworthy.architect.estimate.build import estimate
from shipworthy.architect.estimate.memory import of_baselines
from shipworthy.architect.estimate.problem import Problem
from shipworthy.architect.fits import fits
from shipworthy.architect.rows import expected
from shipworthy.core.calibration import settings
from shipworthy.core.groups import (
    AdapterConfig,
    ComputeConfig,
    DataConfig,
    ModelConfig,
    ObjectiveConfig,
    OptimizerConfig,
    ScheduleConfig,
    TrainerConfig,
)
from shipworthy.core.progress import say
from shipworthy.core.project import project_root
from shipworthy.core.workspace import Workspace
from shipworthy.data import left_out, snapshot
from shipworthy.data.build import clean_rows, read, split_only_columns
from shipworthy.data.decimal_mark import with_decimal_mark
from shipworthy.data.hash_sampling import hash_uniform_rows
from shipworthy.data.kinds.label_lists import reads_labels
from shipworthy.data.kinds.number_labels import number_label
from shipworthy.data.post_split import as_encoded
from shipworthy.data.prompt_columns import check_prompts
from shipworthy.data.row_store import RowStore
from shipworthy.data.schema import Data
from shipworthy.data.sources.files import types_of
from shipworthy.evaluation import slices
from shipworthy.evaluation.tasks.regression.schema import Regression
from shipworthy.evaluation.tasks.schema import Task
from shipworthy.models import base, quantities
from shipworthy.models.quantities import GeneralLengths, StepTiming, row_lengths
from shipworthy.models.rows import features
from shipworthy.train.general.lengths import general_lengths
from shipworthy.train.length import in_steps
from shipworthy.train.schema import LightningTrainer

# More rows than this are not cleaned for the plan: the share that is left is taken from so many.
MOST_CLEANED = 50_000
SAMPLE_ROWS = 300  # whose tokens are counted


def run(
    *,
    task: Task,
    data: DataConfig,
    model: ModelConfig,
    adapter: AdapterConfig,
    objective: ObjectiveConfig,
    trainer: TrainerConfig,
    optimizer: OptimizerConfig,
    schedule: ScheduleConfig,
    compute: ComputeConfig,
    seed: int,
    workspace: Workspace,
) -> None:
    """Reads the raw source, writes `plan`; a plan that does not fit is a plan too, and says so."""
    assert isinstance(data, Data) and isinstance(compute, Machine)
    paths, digest = snapshot.raw(data, project_root() / snapshot.FOLDER)
    workspace.uses({f"{snapshot.FOLDER}/{data.file}": digest, **base.inputs(model)})
    data = with_decimal_mark(data, paths, number_label(task, data))
    types = types_of(data, paths)
    check_prompts(task, model, data, types)
    asked = {"numbers": isinstance(task, Regression), "labels": reads_labels(task, data)}
    source, share, sample, rejected = _cleaned(data, paths, types, seed, **asked)
    slices.check(task.slices, features(sample))
    clean = round(source * share)
    split = data.split.scaled(data.sample)
    machine, load = resolve(compute), os.getloadavg()[0]
    lengths = row_lengths(model, task, sample.sample(min(SAMPLE_ROWS, sample.height), seed=seed))
    cleaned = expected(source, clean, split.test, split.validation, split.train_rows, rejected)
    if lengths and isinstance(trainer, LightningTrainer):
        trainer = in_steps(trainer, round(cleaned.train * lengths.per_document), lengths.mean)
    say("measuring a few training steps")
    problem = Problem(
        task=task,
        model=model,
        adapter=adapter,
        trainer=trainer,
        optimizer=optimizer,
        sample=sample,
        features=features(sample),
        expected=cleaned,
        machine=machine,
        seed=seed,
        load=load,
        quantities=quantities.of(model, adapter, trainer, on_gpu=bool(machine.gpus)),
        lengths=lengths,
        general=_general(model, objective, trainer) if lengths else None,
        timing=_timing(model, adapter, trainer, optimizer, lengths, seed) if lengths and not machine.gpus else None,
    )
    past = workspace.root.parent / "runs"
    estimated = calibrate(estimate(problem), problem.machine, past, settings(workspace.config))
    needed = calibrate_baselines(of_baselines(problem), problem.machine, past)
    verdict = fits(estimated, problem.machine, needed)
    if warning := estimated.measured.get("busy"):
        say(warning)
    with workspace.write("plan") as folder:
        written = document.write(folder, problem, estimated, verdict, needed)
    say(
        f"plan: {workspace.place('plan')} ({written['cost']['hours']:.2f} h, {written['cost']['money']:.2f} "
        f"{problem.machine.currency}, {'fits' if verdict.fits else 'does not fit'})"
    )


def _cleaned(
    data: Data, paths: list[Path], types: Mapping[str, str], seed: int, *, numbers: bool, labels: bool
) -> tuple[int, float, pl.DataFrame, str]:
    """How many rows the source has, the share that cleaning leaves, some of those as trained on, and why others go."""
    with TemporaryDirectory(prefix="shipworthy-") as folder:
        whole = read(data, paths, types, Path(folder) / "whole")
        say(f"{data.name}: {whole.total:,} rows")
        store = whole
        if whole.total > MOST_CLEANED:
            drawn = hash_uniform_rows(whole.batches(["id"]), "plan")
            rows = np.sort(np.argsort(drawn, kind="stable")[:MOST_CLEANED])
            store = RowStore(whole.take(rows, list(whole.columns)), Path(folder) / "some", workers=data.workers)
        clean_rows(data, store, numbers=numbers, labels=labels)
        left_out.require_rows(store)
        for sentence in left_out.warnings(store):
            say(f"warning: {sentence}")
        store.drop(*split_only_columns(data))
        gone = left_out.causes(store) if store.height < store.total else ""
        return whole.total, store.height / store.total, as_encoded(data, store, seed, numbers=numbers), gone


def _general(model: ModelConfig, objective: ObjectiveConfig, trainer: TrainerConfig) -> GeneralLengths | None:
    """What is asked and replayed beside the task's rows; None where nothing is."""
    if not (isinstance(trainer, LightningTrainer) and trainer.asks_general and objective.writes):
        return None
    return general_lengths(model, trainer)


def _timing(*arguments: Any) -> StepTiming:
    """Real training steps on this machine; the training's libraries are loaded only where there are some to take."""
    from shipworthy.train.lightning.probe import measure

    return measure(*arguments)
