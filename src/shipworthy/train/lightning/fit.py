"""Trains an adapter on a causal language model, from the start or from where a killed run stood."""

import logging
import os
import shutil
import warnings
from pathlib import Path

import lightning
import polars as pl
import torch

from shipworthy.core.errors import UsageError
from shipworthy.core.files import write_json
from shipworthy.core.progress import say
from shipworthy.core.seeds import seed_everything
from shipworthy.evaluation.metrics import correct
from shipworthy.evaluation.tasks.schema import TextToText
from shipworthy.models.build import describe
from shipworthy.models.causal_lm.chat import Chat
from shipworthy.models.causal_lm.family import GENERATION
from shipworthy.models.causal_lm.generate import greedy
from shipworthy.models.causal_lm.network import load_network
from shipworthy.models.causal_lm.schema import CausalLM
from shipworthy.models.causal_lm.weights import base_folder
from shipworthy.models.protocol import Prediction
from shipworthy.train.adapters.build import build as build_adapter
from shipworthy.train.adapters.schema import Lora
from shipworthy.train.lightning.batches import Row, loader, plan
from shipworthy.train.lightning.checkpoints import newest, restore
from shipworthy.train.lightning.module import AnswerTuning
from shipworthy.train.lightning.watch import Progress, Watch, best_folder
from shipworthy.train.records import Records
from shipworthy.train.schema import AdamW, LightningTrainer


def rows_of(split: pl.DataFrame) -> list[Row]:
    """The token ids of a split's rows."""
    return [Row(p, a) for p, a in zip(split["prompt_ids"].to_list(), split["answer_ids"].to_list(), strict=True)]


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
    """Trains, and fills `target` with the adapter of the best validated step and the run's records.

    Args:
        train, validation: splits with `prompt_ids`, `answer_ids` and `answer`.
        run: where checkpoints are kept; a run that was killed goes on from the newest whole one.

    Raises:
        UsageError: fewer rows than one batch.
        ShipworthyError: the loss is not finite.
    """
    quiet()
    torch.set_num_threads(trainer.threads or len(os.sched_getaffinity(0)))
    seed_everything(seed)
    base = base_folder(model)
    chat = Chat(base)
    rows = rows_of(train)
    if len(rows) < trainer.batch_size:
        raise UsageError(f"{len(rows)} training rows are fewer than trainer.batch_size={trainer.batch_size}: lower it.")
    batches = plan([len(row) for row in rows], trainer.batch_size, trainer.steps, seed)
    network = build_adapter(load_network(base), adapter, seed)
    checkpoint = newest(run)
    resumed = restore(checkpoint, network) if checkpoint else None
    progress = Progress(**resumed["progress"]) if resumed else Progress()
    module = AnswerTuning(network, optimizer, trainer.steps, trainer.clip, resumed)
    if resumed:
        say(f"going on from step {module.start} of {trainer.steps} ({checkpoint.path if checkpoint else run})")
    checked = validation.head(trainer.validation_rows or validation.height)

    def validate() -> float:
        answers = greedy(
            module.base,
            checked["prompt_ids"].to_list(),
            max_new_tokens=task.max_new_tokens,
            eos_id=chat.eos_id,
            what="validation",
        )
        predictions = [Prediction(chat.decode(answer).strip()) for answer in answers]
        return float(correct(task, predictions, checked["answer"].to_list()).mean())

    watch = Watch(run, run_id, seed, trainer, model.name, progress, validate, records)
    if module.start < trainer.steps:
        network.train()
        lightning.Trainer(
            accelerator="auto",
            devices=1,
            precision="32-true",
            max_steps=trainer.steps - module.start,
            max_epochs=1,
            logger=False,
            enable_checkpointing=False,
            enable_progress_bar=False,
            enable_model_summary=False,
            callbacks=[watch],
        ).fit(module, loader(rows, batches, module.start, chat.eos_id))
    _hand_over(task, model, network, watch, best_folder(run, progress.best_step), target)


def _hand_over(
    task: TextToText, model: CausalLM, network: torch.nn.Module, watch: Watch, best: Path, target: Path
) -> None:
    progress = watch.progress
    shutil.copytree(best, target / "adapter")
    describe(model, target)
    write_json(target / GENERATION, {"max_new_tokens": task.max_new_tokens})
    write_json(target / "history.json", progress.history)
    parameters = list(network.parameters())
    write_json(
        target / "training.json",
        {
            "steps": len(progress.history),
            "seconds": progress.seconds,
            "tokens": sum(entry["tokens"] for entry in progress.history),
            "parameters": sum(p.numel() for p in parameters),
            "trainable_parameters": sum(p.numel() for p in parameters if p.requires_grad),
            "peak_memory_mb": watch.peak_memory_mb,
            "selected_step": progress.best_step,
            "selected_metric": progress.best,
            "metric": task.metric,
        },
    )


def quiet() -> None:
    """Silences what Lightning and PEFT say of things that are meant here."""
    for name in ("lightning.pytorch", "lightning.fabric"):
        logging.getLogger(name).setLevel(logging.ERROR)
    warnings.filterwarnings("ignore", module="lightning")
