"""Trains an adapter on a causal language model, from the start or from where a killed run stood."""

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
from shipworthy.evaluation.tasks.schema import TextToText
from shipworthy.models.build import describe
from shipworthy.models.causal_lm.family import GENERATION
from shipworthy.models.causal_lm.flops import matrix_product_rate
from shipworthy.models.causal_lm.schema import CausalLM
from shipworthy.train.adapters.schema import Lora
from shipworthy.train.lightning.before import checked, with_auto_batch
from shipworthy.train.lightning.boundary import Boundary, best_folder, tell_the_end, validation_is_missing
from shipworthy.train.lightning.checkpoints import Saver, newest
from shipworthy.train.lightning.course import Course, Request
from shipworthy.train.lightning.guard import Guard
from shipworthy.train.lightning.processes import followers, rank, strategy
from shipworthy.train.lightning.progress import Progress
from shipworthy.train.lightning.validation import Validation
from shipworthy.train.memory.explain import explain, is_out_of_memory
from shipworthy.train.records import Nowhere, Records
from shipworthy.train.schema import AdamW, LightningTrainer
from shipworthy.train.selected import ANSWERS, interval


def fit(
    *,
    task: TextToText,
    model: CausalLM,
    adapter: Lora,
    trainer: LightningTrainer,
    optimizer: AdamW,
    train: pl.DataFrame,
    validation: pl.DataFrame,
    seed: int,
    run: Path,
    run_id: str,
    records: Records,
    target: Path,
) -> None:
    """Trains, and fills `target` with the adapter of the best validated step, its answers and the run's records.

    Args:
        train, validation: splits with `id`, `prompt_ids`, `answer_ids` and `answer`.
        run: where checkpoints are kept; a run that was killed goes on from the newest whole one.

    Raises:
        UsageError: fewer rows than one batch.
        ShipworthyError: the watch stopped the run, a process died, or memory ran out.
    """
    quiet()
    course = Course(Request(task, model, adapter, trainer, optimizer, train, validation, seed, run, run_id))
    assert course.general  # asked for before others look for it, and before the network changes
    if trainer.auto_batch:
        course.request = replace(course.request, trainer=with_auto_batch(course))
    with listening(), followers(trainer.devices, _follow, {"request": course.request}) as world:
        _train(course, world, records)
    _hand_over(course, target)


def check(**request: Any) -> None:
    """Runs the preflight on what `fit` would be given.

    Raises:
        ShipworthyError: a check failed.
    """
    quiet()
    checked(Course(Request(**request)))


def _follow(request: Request) -> None:
    """What the other processes of a run do."""
    quiet()
    _train(Course(request), int(os.environ["WORLD_SIZE"]), Nowhere())


def _train(course: Course, world: int, records: Records) -> None:
    request, trainer = course.request, course.request.trainer
    checked = request.validation.head(trainer.validation_rows or request.validation.height)
    validation = Validation(request.task, course.chat, checked, course.general)
    guard = Guard(
        trainer.watch, course.progress, records.alert, lambda before: course.back(before, saver.wait), course.examine
    )
    module = course.module(guard)
    if checkpoint := newest(request.run):
        course.go_on_from(checkpoint)
        if rank() == 0:
            say(f"going on from step {course.progress.step} of {trainer.steps} ({checkpoint.path})")
    if course.progress.over(trainer.steps) and not validation_is_missing(course.progress, trainer):
        tell_the_end(course.progress)
        return
    runner = lightning.Trainer(
        accelerator="auto",
        devices=trainer.devices,
        num_nodes=world // trainer.devices,
        strategy=strategy(world),
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
    saver = Saver(request.run, request.run_id, request.seed, trainer.keep, trainer.unsaved)
    runner.callbacks.append(
        Boundary(
            request.run,
            trainer,
            request.model.name,
            course.progress,
            saver,
            guard,
            records,
            measure=validation,
            reseed=course.reseed,
        )
    )
    steps = course.steps(world)
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
    number = course.progress.step
    rows = [course.rows[row] for row in course.batches[number][: trainer.micro_batch_size]]
    raise ShipworthyError(f"Step {number + 1}: {explain(course.network, rows, module.optimizer, course.workers)}")


def _hand_over(course: Course, target: Path) -> None:
    request, progress = course.request, course.progress
    shutil.copytree(best_folder(request.run, progress.best[0][1]), target, dirs_exist_ok=True)
    describe(request.model, target)
    write_json(target / GENERATION, {"max_new_tokens": request.task.max_new_tokens})
    write_json(target / "history.json", progress.history)
    write_json(
        target / "training.json", {**_summary(course, progress), "selected_interval": interval(target / ANSWERS)}
    )


def _summary(course: Course, progress: Progress) -> dict[str, Any]:
    history, parameters = progress.history, list(course.network.parameters())
    seconds = sum(entry["step_s"] for entry in history)
    peak = matrix_product_rate(parameters[0].device)
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
        "parameters": sum(p.numel() for p in parameters),
        "trainable_parameters": sum(p.numel() for p in parameters if p.requires_grad),
        "peak_memory_mb": max(entry["memory_mb"] for entry in history),
        "selected_step": progress.best[0][1],
        "selected_metric": progress.best[0][0],
        "metric": course.request.task.metric,
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
