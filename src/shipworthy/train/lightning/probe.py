"""A few real training steps, timed, for the plan."""

import os
import time
from collections.abc import Sequence
from dataclasses import dataclass

import psutil
import torch

from shipworthy.models.causal_lm.base import base_folder
from shipworthy.models.causal_lm.network import load_network
from shipworthy.models.causal_lm.packed import Row, pack
from shipworthy.models.causal_lm.schema import CausalLM
from shipworthy.train.adapters.build import build as build_adapter
from shipworthy.train.adapters.schema import Lora
from shipworthy.train.lightning.batch_plan import micro_batches, plan_batches
from shipworthy.train.lightning.fit import quiet
from shipworthy.train.lightning.gradients import gradients
from shipworthy.train.optimizers import build as build_optimizer
from shipworthy.train.schema import AdamW, LightningTrainer

MEASURED_STEPS = 2


@dataclass(frozen=True)
class Probe:
    """What a few steps cost on this machine.

    Attributes:
        seconds_per_step: mean over the measured steps, the first (warm-up) left out.
        tokens_per_second: of prompt and answer, without padding.
        peak_memory_mb: the largest resident memory of the process after a step.
        steps: measured steps.
        parameters, trainable_parameters: counts.
    """

    seconds_per_step: float
    tokens_per_second: float
    peak_memory_mb: float
    steps: int
    parameters: int
    trainable_parameters: int


def measure(
    model: CausalLM,
    adapter: Lora,
    trainer: LightningTrainer,
    optimizer: AdamW,
    lengths: Sequence[tuple[int, int]],
    seed: int,
) -> Probe:
    """Takes steps on random tokens in rows as long as the sample's.

    Args:
        lengths: tokens of prompt and answer of sample rows.
    """
    quiet()
    torch.set_num_threads(trainer.threads or len(os.sched_getaffinity(0)))
    network = build_adapter(load_network(base_folder(model)), adapter, seed)
    vocabulary = int(network.config.vocab_size)
    generator = torch.Generator().manual_seed(seed)

    def tokens(count: int) -> list[int]:
        drawn: list[int] = torch.randint(vocabulary, (count,), generator=generator).tolist()
        return drawn

    rows = [Row(tokens(prompt), tokens(answer)) for prompt, answer in lengths]
    trained = [p for p in network.parameters() if p.requires_grad]
    updates, _ = build_optimizer(trained, optimizer, MEASURED_STEPS + 1)
    network.train()
    batches = plan_batches([len(row) for row in rows], min(trainer.batch_size, len(rows)), MEASURED_STEPS + 1, seed)
    memory, started, seen = 0.0, 0.0, 0
    for number, batch in enumerate(batches):
        if number == 1:
            started, seen = time.monotonic(), 0
        packs = [pack([rows[i] for i in part]) for part in micro_batches(batch, trainer.micro_batch_size)]
        supervised = sum(len(rows[i].answer) for i in batch)
        _, found = gradients(network.get_base_model(), packs, trained, supervised, torch.get_num_threads())
        for parameter, gradient in zip(trained, found, strict=True):
            parameter.grad = gradient
        updates.step()
        seen += sum(p.tokens for p in packs)
        memory = max(memory, psutil.Process().memory_info().rss / 1e6)
    seconds = (time.monotonic() - started) / MEASURED_STEPS
    parameters = list(network.parameters())
    return Probe(
        seconds_per_step=seconds,
        tokens_per_second=seen / MEASURED_STEPS / seconds,
        peak_memory_mb=memory,
        steps=MEASURED_STEPS,
        parameters=sum(p.numel() for p in parameters),
        trainable_parameters=sum(p.numel() for p in parameters if p.requires_grad),
    )
