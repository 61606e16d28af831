"""A few real training steps, timed, for the plan."""

import os
import time

import psutil
import torch
from transformers import PreTrainedModel

from shipworthy.core.groups import AdapterConfig, ModelConfig
from shipworthy.core.lazy import Lazy
from shipworthy.models.activations import checkpoint
from shipworthy.models.adapters.build import build as build_adapter
from shipworthy.models.adapters.build import quantizer
from shipworthy.models.adapters.network import base_of, trained_of
from shipworthy.models.causal_lm.fitness import make_batch, settle
from shipworthy.models.causal_lm.packed import Row
from shipworthy.models.causal_lm.quantities import NetworkQuantities
from shipworthy.models.causal_lm.structure import outputs
from shipworthy.models.precision import choose
from shipworthy.models.quantities import RowLengths, StepTiming
from shipworthy.train.lightning.batch_plan import micro_batches, plan_batches
from shipworthy.train.lightning.fit import quiet
from shipworthy.train.lightning.gradients import gradients
from shipworthy.train.optimizers.build import build as build_optimizer
from shipworthy.train.optimizers.schema import Rule
from shipworthy.train.schema import LightningTrainer

MEASURED_STEPS = 2
NETWORKS = Lazy("{model}.untrained")


def measure(
    model: ModelConfig,
    adapter: AdapterConfig,
    trainer: LightningTrainer,
    optimizer: Rule,
    lengths: RowLengths,
    seed: int,
) -> StepTiming:
    """Takes steps on random tokens in rows of these lengths."""
    quiet()
    torch.set_num_threads(trainer.threads or len(os.sched_getaffinity(0)))
    precision, _ = choose(trainer.precision, torch.device("cpu"))
    untrained: PreTrainedModel = NETWORKS.load(model).load(model, precision.weights, quantizer(adapter, precision))
    network = build_adapter(untrained, adapter, seed, precision)
    base = base_of(network)
    vocabulary, targets = int(base.config.get_text_config(decoder=True).vocab_size), outputs(base)
    generator = torch.Generator().manual_seed(seed)

    def draw(count: int, below: int) -> list[int]:
        drawn: list[int] = torch.randint(below, (count,), generator=generator).tolist()
        return drawn

    rows = [Row(draw(prompt, vocabulary), draw(answer, targets)) for prompt, answer in lengths.rows]
    settle(base, trainer.packing)
    quantities = NetworkQuantities(network)
    checkpoint(base, trainer.activation_checkpointing, offload=False, draws=quantities.draws)
    named = trained_of(network)
    trained = list(named.values())
    updates = build_optimizer(named.items(), optimizer)
    network.train()
    size = min(trainer.batch_size, len(rows))
    batches = plan_batches([len(row) for row in rows], size, size * (MEASURED_STEPS + 1), seed)
    memory, started, seen = 0.0, 0.0, 0
    for number, batch in enumerate(batches):
        if number == 1:
            started, seen = time.monotonic(), 0
        packs = [make_batch(base, [rows[i] for i in part]) for part in micro_batches(batch, trainer.micro_batch_size)]
        supervised = sum(rows[i].supervised for i in batch)
        _, found = gradients(base, packs, trained, supervised, torch.get_num_threads(), precision)
        for parameter, gradient in zip(trained, found, strict=True):
            parameter.grad = gradient.to(parameter.dtype)
        updates.step()
        seen += sum(p.tokens for p in packs)
        memory = max(memory, psutil.Process().memory_info().rss / 1e6)
    seconds = (time.monotonic() - started) / MEASURED_STEPS
    return StepTiming(
        seconds_per_step=seconds,
        tokens_per_second=seen / MEASURED_STEPS / seconds,
        peak_memory_mb=memory,
        steps=MEASURED_STEPS,
        trainable_parameters=quantities.trainable_parameters,
    )
