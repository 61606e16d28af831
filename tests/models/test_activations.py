"""Layers that are computed again give the same gradients, to the last bit, with every adapter."""

from pathlib import Path

import pytest
import torch
from transformers import BertConfig, BertLMHeadModel

from shipworthy.core.errors import UsageError
from shipworthy.core.groups import AdapterConfig
from shipworthy.models.activations import checkpoint
from shipworthy.models.adapters.build import build
from shipworthy.models.adapters.network import base_of, trained_of
from shipworthy.models.adapters.schema import Lora, NoAdapter
from shipworthy.models.causal_lm.network import load_network
from shipworthy.models.causal_lm.packed import Row, pack
from shipworthy.train.lightning.gradients import gradients
from tests.tiny import write_model

ROWS = [Row([1, 5, 6, 7 + n], [9, 10 + n, 2]) for n in range(4)]


def found(folder: Path, adapter: AdapterConfig, how: str, dropout: bool) -> tuple[float, list[torch.Tensor], int]:
    """Loss and gradients, and how often a layer was computed."""
    network = build(load_network(folder), adapter, seed=1).train()
    base, calls = base_of(network), []
    checkpoint(base, how, offload=False, draws=dropout)
    for layer in base.model.layers:
        layer.self_attn.register_forward_hook(lambda *_: calls.append(1))
    torch.manual_seed(3)
    loss, parts = gradients(base, [pack(ROWS[:2]), pack(ROWS[2:])], list(trained_of(network).values()), 12)
    return loss, parts, len(calls)


@pytest.mark.parametrize(
    "adapter", [Lora(rank=2, alpha=4), Lora(rank=2, alpha=4, dropout=0.3), NoAdapter()], ids=["lora", "dropout", "full"]
)
@pytest.mark.parametrize(("how", "calls"), [("full", 8), ("selective", 6)])
def test_the_gradients_are_the_same(tmp_path: Path, adapter: AdapterConfig, how: str, calls: int) -> None:
    folder, dropout = write_model(tmp_path), bool(getattr(adapter, "dropout", 0.0))
    loss, kept, once = found(folder, adapter, "none", dropout)
    again, made, twice = found(folder, adapter, how, dropout)
    assert (once, twice) == (4, calls), "2 layers, 2 packs"
    assert again == loss and all(map(torch.equal, kept, made)) and any(bool(g.any()) for g in made)


def test_a_family_that_cannot_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    network = BertLMHeadModel(BertConfig(hidden_size=8, num_hidden_layers=1, num_attention_heads=2, is_decoder=True))
    monkeypatch.setattr(type(network), "supports_gradient_checkpointing", False)
    with pytest.raises(UsageError, match="BertLMHeadModel cannot compute its layers again: take none"):
        checkpoint(network, "full", offload=False, draws=False)
