"""Counts are those of the real network, whoever asks: the plan without weights, checks and training with them."""

from pathlib import Path

import pytest
import torch

from shipworthy.core.sources.schema import Folder
from shipworthy.models import quantities
from shipworthy.models.adapters.build import attach, build
from shipworthy.models.adapters.network import trained_of
from shipworthy.models.adapters.schema import Lora, NoAdapter
from shipworthy.models.causal_lm.network import load_network
from shipworthy.models.causal_lm.packed import Row, pack, shape
from shipworthy.models.causal_lm.quantities import NetworkQuantities, on_meta
from shipworthy.models.causal_lm.schema import CausalLM
from shipworthy.models.causal_lm.weights import fetch
from shipworthy.models.majority.schema import Majority
from shipworthy.train.memory.step import StepMemory
from shipworthy.train.optimizers.build import build as build_optimizer
from shipworthy.train.optimizers.schema import AdamW
from shipworthy.train.schema import LightningTrainer
from tests.models.causal_lm.families import tiny
from tests.tiny import write_model

ADAPTERS = [Lora(rank=4), Lora(rank=3, first_layer=1), Lora(rank=2, targets=["q_proj", "down_proj"], dropout=0.1)]
ROWS = [Row([1, 30, *range(40, 60 + i)], [60, 61, 2]) for i in range(4)]


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_model(tmp_path_factory.mktemp("hub"))


@pytest.mark.parametrize("adapter", ADAPTERS)
def test_plan_checks_and_training_count_the_same(hub: Path, adapter: Lora) -> None:
    meta = on_meta(hub, adapter)
    assert all(p.device.type == "meta" for p in meta.parameters())
    real = load_network(hub)
    base = sum(p.numel() for p in real.parameters())
    network = build(real, adapter, seed=1).train()
    planned, trained = NetworkQuantities(meta), NetworkQuantities(network)
    for counted in (planned, trained):
        assert counted.base_parameters == base
        assert counted.parameters == sum(p.numel() for p in network.parameters())
        assert counted.trainable_parameters == sum(p.numel() for p in network.parameters() if p.requires_grad)
        assert counted.draws == bool(adapter.dropout)
    batch = shape(ROWS)
    assert planned.flops([batch]) == trained.flops([pack(ROWS).shape]) > 0
    step = StepMemory(network, AdamW(), workers=2).parts(ROWS)
    assert planned.memory(batch, AdamW(), 2) == trained.memory(batch, AdamW(), 2) == step
    # LoRA's share by its paper: rank x (inputs + outputs) of every layer that it changes.
    lora = [m for m in network.modules() if hasattr(m, "lora_A")]
    assert planned.trainable_parameters == sum(adapter.rank * (m.in_features + m.out_features) for m in lora)


def test_optimizer_states_and_checkpoints_are_as_long_as_they_are_said_to_be(hub: Path) -> None:
    network = build(load_network(hub), Lora(rank=4), seed=1)
    trained = [p for p in network.parameters() if p.requires_grad]
    counted = NetworkQuantities(network)
    foretold = counted.memory(shape(ROWS), AdamW()).optimizer
    rule = build_optimizer(trained_of(network).items(), AdamW())
    for parameter in trained:
        parameter.grad = torch.zeros_like(parameter)
    rule.step()
    moments = [t for state in rule.state.values() for t in state.values() if t.dim()]
    assert foretold == sum(t.numel() * t.element_size() for t in moments)
    weights = sum(p.numel() * p.element_size() for p in trained)
    assert counted.checkpoint_bytes(AdamW()) == weights + foretold


def test_a_family_is_asked_by_its_folder(hub: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHIPWORTHY_CACHE", str(tmp_path))
    model = CausalLM(name="tiny", licence="none", source=Folder(path=str(hub)))
    fetch(model)
    counted = quantities.of(model, Lora(rank=4), LightningTrainer())
    assert (
        counted and counted.trainable_parameters == NetworkQuantities(on_meta(hub, Lora(rank=4))).trainable_parameters
    )
    assert quantities.of(Majority(), Lora(), LightningTrainer()) is None
    whole = quantities.of(model, NoAdapter(), LightningTrainer())
    assert whole and whole.trainable_parameters == whole.parameters == whole.base_parameters == counted.base_parameters


def test_what_would_be_disturbed_is_computed_one_at_a_time() -> None:
    assert not NetworkQuantities(attach(tiny("llama"), Lora())).one_at_a_time
    assert NetworkQuantities(attach(tiny("llama", attention_dropout=0.1), Lora())).draws
    # PEFT changes experts' weights for the while of a forward pass.
    assert NetworkQuantities(attach(tiny("deepseek_v3"), Lora())).one_at_a_time
