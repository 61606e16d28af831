"""Trains a network, from the start or from where a killed run stood."""

import logging
import os
import shutil
import warnings
from dataclasses import replace
from pathlib import Path
from statistics import median
from typing import Any

import lightning
import polars as pl
from lightning.pytorch.plugins.environments import LightningEnvironment

from shipworthy.core.errors import ShipworthyError
from shipworthy.core.files import write_json
from shipworthy.core.interrupt import listening
from shipworthy.core.progress import say
from shipworthy.evaluation import calibration
from shipworthy.evaluation.metric import metric
from shipworthy.models.adapters.network import saved
from shipworthy.models.build import describe
from shipworthy.models.causal_lm.flops import matrix_product_rate
from shipworthy.models.documents import first
from shipworthy.train.lightning.anomaly_policy import AnomalyPolicy
from shipworthy.train.lightning.checkpoints import Saver, newest
from shipworthy.train.lightning.processes import followers, rank
from shipworthy.train.lightning.progress import Progress
from shipworthy.train.lightning.setup import run_preflight, with_auto_batch
from shipworthy.train.lightning.step_callback import (
    StepCallback,
    best_folder,
    emit_end,
    validation_is_missing,
)
from shipworthy.train.lightning.take_over import take_over
from shipworthy.train.lightning.training_state import Request, TrainingState
from shipworthy.train.lightning.validation import Validation
from shipworthy.train.memory.explain import explain, is_out_of_memory
from shipworthy.train.monitor.replay import swapped_weights
from shipworthy.train.objectives.build import tokens
from shipworthy.train.records import NoRecords, Records
from shipworthy.train.strategies.protocol import Strategy
from shipworthy.train.validation_answers import ANSWERS, interval, validated


def fit(request: Request, records: Records, target: Path) -> None:
    """Trains, and fills `target` with the adapter of the best validated step, its answers and the run's records.

    A run that was killed goes on from its newest whole checkpoint.

    Raises:
        UsageError: fewer rows than one batch, or too few of validation to tell the task's intervals.
        ShipworthyError: the monitor stopped the run, a process died, or memory ran out.
    """
    quiet()
    calibration.check(request.task, _checked(request).height)
    state = TrainingState(request)
    state.general_prompts  # noqa: B018 (asked for before others look for it, and before the network changes)
    if request.trainer.auto_batch:
        state.request = replace(request, trainer=with_auto_batch(state))
    with listening(), followers(request.trainer.devices, _train_on_other_rank, {"request": state.request}) as world:
        _train(state, world, records)
    _write_result(state, target)


def lengths(request: Request) -> list[int]:
    """Tokens of each row that the training would see.

    Raises:
        ArtifactError: the base weights were not fetched.
    """
    return [length for _, length in tokens(request.objective, request.model, request.train)]


def check(request: Request) -> None:
    """Runs the preflight on what `fit` would be given.

    Raises:
        ShipworthyError: a check failed.
    """
    quiet()
    run_preflight(TrainingState(request))


def _train_on_other_rank(request: Request) -> None:
    """What the other processes of a run do."""
    quiet()
    _train(TrainingState(request), int(os.environ["WORLD_SIZE"]), NoRecords())


def _train(state: TrainingState, world: int, records: Records) -> None:
    request, trainer = state.request, state.request.trainer
    validation = Validation(request.task, state.objective, _checked(request), state.general_prompts)
    state.divide(world)
    policy = AnomalyPolicy(
        trainer.monitor,
        request.task.metric,
        state.progress,
        records.alert,
        lambda before: state.roll_back(before, saver.wait),
        state.report_spike,
    )
    module = state.module(policy)
    if checkpoint := newest(request.run):
        state.resume_from(checkpoint)
        if rank() == 0:
            say(f"going on from step {state.progress.step} of {trainer.steps} ({checkpoint.path})")
    else:
        take_over(state)
    if state.progress.is_finished(trainer.steps) and not validation_is_missing(state.progress, trainer):
        emit_end(state.progress)
        return
    runner = _runner(trainer.devices, world, state.strategy)
    saver = Saver(request.run, request.run_id, request.seed, trainer.keep, trainer.unsaved)
    runner.callbacks.append(
        StepCallback(
            request.run,
            trainer,
            getattr(request.model, "name", request.model.kind),
            request.task.metric,
            state.progress,
            saver,
            policy,
            records,
            measure=validation,
            reseed=state.reseed,
        )
    )
    steps = state.steps(world)
    try:
        runner.fit(module, steps)
    except (RuntimeError, MemoryError) as error:
        if not is_out_of_memory(error):
            raise
    else:
        saver.wait()
        return
    finally:
        steps.close()
    # Here the failed step's tensors are gone, which the explanation must not count.
    number = state.progress.step
    rows = [state.rows[row] for row in state.batches[number][: trainer.micro_batch_size]]
    raise ShipworthyError(f"Step {number + 1}: {explain(state.memory(begun=bool(module.optimizer.state)), rows)}")


def _checked(request: Request) -> pl.DataFrame:
    """The validation rows that are generated for."""
    return first(request.validation, request.trainer.validation_rows or request.validation.height)


def _runner(devices: int, world: int, strategy: Strategy) -> lightning.Trainer:
    """Lightning's, of which the loop and the processes are used, and nothing that would write or print."""
    runner = lightning.Trainer(
        accelerator="auto",
        devices=devices,
        num_nodes=world // devices,
        strategy=strategy.lightning(world),
        plugins=[LightningEnvironment()],
        precision="32-true",
        max_epochs=1,
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
    )
    # Lightning's handler of SIGTERM would talk to the other processes in the middle of anything; ours only takes note.
    runner._signal_connector.register_signal_handlers = lambda: None
    return runner


def _write_result(state: TrainingState, target: Path) -> None:
    request, progress = state.request, state.progress
    assert progress.best
    shutil.copytree(best_folder(request.run, progress.best[1]), target, dirs_exist_ok=True)
    describe(request.model, target)
    state.objective.write(target)
    write_json(target / "history.json", progress.history)
    on = {
        "selected_interval": interval(target / ANSWERS, request.task.metric),
        "validated": validated(_checked(request)),
        "forgetting": _forgotten(state, target),
    }
    write_json(target / "training.json", {**_summary(state, progress), **on})


def _forgotten(state: TrainingState, target: Path) -> dict[str, Any] | None:
    """The verdict on general skills, of the selected step's weights."""
    request = state.request
    if state.general_prompts is None:
        return None
    network = state.fresh() if state.strategy.sharded else state.network
    with swapped_weights(network, saved(network, target)):
        found = state.general_prompts.verdict(network, request.task.criteria.alpha, request.seed, target)
    if found:
        say(f"general skills: {found['words']}. {found['sentence']} {found['remedy']}".rstrip())
    return found


def _summary(state: TrainingState, progress: Progress) -> dict[str, Any]:
    assert progress.best
    history, quantities = progress.history, state.quantities
    seconds = sum(entry["step_s"] for entry in history)
    peak = matrix_product_rate(state.network.device)
    reached = median(entry["tflops"] for entry in history) * 1e12
    return {
        "steps": progress.step,
        "seconds": progress.seconds,
        "tokens": sum(entry["tokens"] for entry in history),
        "tokens_per_s": sum(entry["tokens"] for entry in history) / seconds,
        "supervised_tokens_per_s": sum(entry["supervised_tokens"] for entry in history) / seconds,
        "padding_share": sum(entry["padding_share"] for entry in history) / len(history),
        "data_wait_share": sum(entry["data_wait_s"] for entry in history) / seconds,
        "flops_per_s": reached,
        "matrix_product_flops_per_s": peak,
        "model_flop_utilisation": reached / peak,
        "precision": state.precision.name,
        "parameters": quantities.parameters,
        "trainable_parameters": quantities.trainable_parameters,
        "peak_memory_mb": max(entry["memory_mb"] for entry in history),
        "selected_step": progress.best[1],
        "selected_metric": progress.best[0],
        "metric": state.request.task.metric,
        "greater_is_better": metric(state.request.task.metric).GREATER_IS_BETTER,
        "stopped_early": progress.ended or None,
        "ledger": progress.ledger,
        "rollbacks": progress.rollbacks,
        "skipped_steps": sum("skipped" in entry for entry in history),
        "events": progress.events,
    }


def quiet() -> None:
    """Silences what Lightning and PEFT say of things that are meant here."""
    for name in ("lightning.pytorch", "lightning.fabric"):
        logging.getLogger(name).setLevel(logging.ERROR)
    warnings.filterwarnings("ignore", module="lightning")
