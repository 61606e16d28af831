"""Before the first step: the checks on the run as it will be, and the micro-batch that fits into memory."""

import time
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import torch

from shipworthy.core.errors import ShipworthyError
from shipworthy.core.files import read_json, write_json
from shipworthy.core.progress import say
from shipworthy.models.adapters.network import base_of, trained_of
from shipworthy.models.causal_lm.fitness import make_batch
from shipworthy.train.lightning.batch_plan import micro_batches
from shipworthy.train.lightning.checkpoints import Tensors, read_tensors, restore, snapshot, write_tensors
from shipworthy.train.lightning.gradients import gradients
from shipworthy.train.lightning.steps import Step, Steps, on
from shipworthy.train.lightning.training_state import TrainingState
from shipworthy.train.memory.batch import find_micro_batch
from shipworthy.train.memory.explain import expected_to_live
from shipworthy.train.optimizers.build import build as build_optimizer
from shipworthy.train.preflight.context import Context, Writing
from shipworthy.train.preflight.runner import preflight
from shipworthy.train.schema import LightningTrainer

AUTO_BATCH = "auto_batch.json"
FIRST_STEPS = 3


class _FirstSteps:
    """The first steps, anew at each `iter()`."""

    def __init__(self, state: TrainingState) -> None:
        self.state = state

    def __iter__(self) -> Iterator[Step]:
        state, trainer = self.state, self.state.request.trainer
        steps = Steps(
            state.rows,
            state.batches[:FIRST_STEPS],
            0,
            trainer.micro_batch_size,
            state.batch,
            patience=trainer.loader_patience_s,
        )
        try:
            for _, step in zip(state.batches[:FIRST_STEPS], steps, strict=False):
                yield step
        finally:
            steps.close()


def run_preflight(state: TrainingState) -> None:
    """Runs the preflight on a run's network and rows.

    Raises:
        ShipworthyError: a check failed.
    """
    request, network = state.request, state.network
    trained = trained_of(network)
    if not trained:
        raise ShipworthyError(
            "Nothing would be trained: no weight of the adapter requires a gradient; look at adapter.targets."
        )
    optimizer = build_optimizer(trained.items(), request.optimizer)

    def optimizer_state() -> Mapping[str, torch.Tensor]:
        return {name: t for name, t in snapshot(network, optimizer).items() if name.startswith("optimizer.")}

    def save(folder: Path) -> None:
        write_tensors(folder, snapshot(network, optimizer))

    def load(folder: Path) -> None:
        tensors: Tensors = read_tensors(folder)
        restore(tensors, optimizer.state_dict()["param_groups"], network, optimizer)

    preflight(
        Context(
            network=network,
            rows=state.rows[: state.taught],
            guessing=state.objective.guessing,
            writing=_writing(state),
            losses=state.objective.losses,
            trainer=request.trainer,
            optimizer=request.optimizer,
            seed=request.seed,
            save=save,
            load=load,
            batches=_FirstSteps(state),
            run=request.run,
            workers=state.workers,
            precision=state.precision,
            state=optimizer_state,
            patience=min(20.0, request.trainer.loader_patience_s),
        )
    )


def _writing(state: TrainingState) -> Writing | None:
    """What the answers should be of a network that writes."""
    chat, request = state.objective.chat, state.request
    if chat is None:
        return None
    given = iter(request.train["answer"])
    answers = [[next(given) for _ in row.spans] for row in state.rows[: state.taught]]
    return Writing(
        answers=answers,
        decode=chat.decode,
        eos_id=chat.eos_id,
        max_new_tokens=getattr(request.task, "max_new_tokens"),  # noqa: B009 (of a task that asks for text)
        pad_id=chat.tokenizer.pad_token_id,
    )


def with_auto_batch(state: TrainingState) -> LightningTrainer:
    """The trainer with the largest micro-batch whose longest rows fit, found once and kept with the run.

    Raises:
        ShipworthyError: not even one row fits.
    """
    request, trainer, network = state.request, state.request.trainer, state.network
    path = request.run / AUTO_BATCH
    longest = sorted(state.rows, key=len)[-trainer.batch_size :]
    trained = list(trained_of(network).values())

    def step(size: int) -> float:
        begun = time.monotonic()
        parts = micro_batches(range(len(longest)), size)
        packs = on([make_batch(base_of(network), [longest[row] for row in part]) for part in parts], network.device)
        tokens = sum(row.supervised for row in longest)
        gradients(base_of(network), packs, trained, tokens, state.workers, state.precision, state.objective.losses)
        return time.monotonic() - begun

    def fits(size: int) -> bool:
        return expected_to_live(state.memory(), longest[-size:])

    if not path.is_file():
        size = find_micro_batch(step, min(trainer.micro_batch_size, trainer.batch_size), fits)
        write_json(path, {"micro_batch_size": size})
        say(f"trainer.micro_batch_size={size} fits; the batch of a step stays {trainer.batch_size} rows")
    return replace(trainer, micro_batch_size=int(read_json(path)["micro_batch_size"]))
