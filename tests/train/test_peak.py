"""The memory of a step is foretold, for each precision, adapter and rule: against the largest that torch holds."""

from collections.abc import Callable

import pytest
import torch
from torch.profiler import ProfilerActivity, profile
from transformers import LlamaConfig, LlamaForCausalLM

from shipworthy.models.activations import checkpoint
from shipworthy.models.adapters.build import build
from shipworthy.models.adapters.network import base_of, trained_of
from shipworthy.models.adapters.schema import Lora, NoAdapter
from shipworthy.models.causal_lm import attention
from shipworthy.models.causal_lm.packed import Row, pack, shape
from shipworthy.models.causal_lm.quantities import NetworkQuantities, from_config
from shipworthy.models.precision import PRECISIONS
from shipworthy.train.lightning.gradients import gradients
from shipworthy.train.memory.step import StepMemory
from shipworthy.train.optimizers.build import build as build_optimizer
from shipworthy.train.optimizers.schema import SGD, Adafactor, AdamW, Rule

SHAPE = LlamaConfig(
    vocab_size=200,
    hidden_size=128,
    intermediate_size=384,
    num_hidden_layers=4,
    num_attention_heads=4,
    num_key_value_heads=2,
)
ROWS = [Row([1, 30, *[9 + i] * 60], [60, 2, 4, 5]) for i in range(8)]
ADAPTERS = {"lora": Lora(rank=4), "dropout": Lora(rank=4, dropout=0.1), "none": NoAdapter()}


def peak(work: Callable[[], None]) -> float:
    """The most that torch holds at once beyond what it held before (bytes)."""
    with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as found:
        work()
    held = most = 0
    for event in found.profiler.kineto_results.events():
        if event.name() == "[memory]":
            held += event.nbytes()
            most = max(most, held)
    return float(most)


def foretold_and_measured(precision: str, adapter: str, rule: Rule, how: str = "none") -> tuple[float, float]:
    numbers = PRECISIONS[precision]
    torch.manual_seed(0)
    base = LlamaForCausalLM(SHAPE).to(numbers.weights)
    attention.install(base)
    network = build(base, ADAPTERS[adapter], 1, numbers).train()
    memory = StepMemory(network, rule, numbers)
    checkpoint(base_of(network), how, offload=False, draws=memory.quantities.draws)
    trained = trained_of(network)
    optimizer = build_optimizer(trained.items(), rule)

    def step() -> None:
        _, found = gradients(base_of(network), [pack(ROWS)], list(trained.values()), 32, 1, numbers)
        for weight, gradient in zip(trained.values(), found, strict=True):
            weight.grad = gradient.to(weight.dtype)
        optimizer.step()
        optimizer.zero_grad()

    def steps() -> None:
        step()
        step()

    need = memory.parts(ROWS)
    return need.step + need.optimizer, peak(steps)


@pytest.mark.parametrize("rule", [AdamW(), SGD(), Adafactor()], ids=lambda rule: rule.kind)
@pytest.mark.parametrize("adapter", ADAPTERS)
@pytest.mark.parametrize("precision", ["float32", "bf16", "bf16_mixed"])
def test_what_a_step_takes_is_foretold(precision: str, adapter: str, rule: Rule) -> None:
    foretold, measured = foretold_and_measured(precision, adapter, rule)
    assert measured < foretold < 1.8 * measured


@pytest.mark.parametrize("how", ["full", "selective"])
@pytest.mark.parametrize("precision", ["float32", "bf16", "bf16_mixed"])
def test_activations_that_are_made_again_are_not_counted(precision: str, how: str) -> None:
    foretold, measured = foretold_and_measured(precision, "none", SGD(), how)
    assert measured < foretold < 1.8 * measured
    kept, _ = foretold_and_measured(precision, "none", SGD())
    assert foretold < kept


@pytest.mark.parametrize("adapter", ADAPTERS)
@pytest.mark.parametrize("precision", ["float32", "bf16", "bf16_mixed"])
def test_the_plan_counts_as_the_training_does(precision: str, adapter: str) -> None:
    numbers, chosen = PRECISIONS[precision], ADAPTERS[adapter]
    meta = from_config(SHAPE, chosen, numbers)
    base = LlamaForCausalLM(SHAPE).to(numbers.weights)
    attention.install(base)
    network = build(base, chosen, 1, numbers).train()
    types = {name: (p.dtype, p.shape) for name, p in network.named_parameters() if p.requires_grad}
    assert {name: (p.dtype, p.shape) for name, p in meta.named_parameters() if p.requires_grad} == types
    planned, trained = (NetworkQuantities(one, numbers) for one in (meta, network))
    assert planned.memory(shape(ROWS), AdamW()) == trained.memory(shape(ROWS), AdamW())
