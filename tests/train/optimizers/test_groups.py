"""Which weights decay, at what rate each is trained, and which are matrices of layers."""

from typing import Any

import pytest
import torch
from peft import LoraConfig, get_peft_model
from peft.optimizers import create_loraplus_optimizer
from transformers import (
    AutoModelForCausalLM,
    AutoModelForSequenceClassification,
    BertConfig,
    GPT2Config,
    GPTNeoXConfig,
    LlamaConfig,
)

from shipworthy.train.optimizers.groups import groups
from shipworthy.train.optimizers.schema import AdamW

SIZES: dict[str, Any] = {"vocab_size": 50, "hidden_size": 16, "num_attention_heads": 2, "num_hidden_layers": 3}
LLAMA = LlamaConfig(**SIZES, intermediate_size=32)
NEOX = GPTNeoXConfig(**SIZES, intermediate_size=32)
GPT2 = GPT2Config(vocab_size=50, n_embd=16, n_head=2, n_layer=3)
BERT = BertConfig(**SIZES, intermediate_size=32)


def settings_of(network: torch.nn.Module, rule: AdamW) -> dict[str, dict[str, Any]]:
    """Name → the settings of its group."""
    named = {name: p for name, p in network.named_parameters() if p.requires_grad}
    by_weight = {id(p): name for name, p in named.items()}
    found = {by_weight[id(p)]: group for group in groups(named.items(), rule) for p in group["params"]}
    assert found.keys() == named.keys()
    return found


def plain(config: Any) -> torch.nn.Module:
    model = AutoModelForSequenceClassification if config is BERT else AutoModelForCausalLM
    network: torch.nn.Module = model.from_config(config)
    return network


def test_alike_weights_are_one_group_in_the_networks_order() -> None:
    network = get_peft_model(plain(LLAMA), LoraConfig(r=2, target_modules=["q_proj", "v_proj"]))
    trained = [(name, p) for name, p in network.named_parameters() if p.requires_grad]
    (only,) = groups(trained, AdamW(lr=0.5))
    assert all(one is other for one, (_, other) in zip(only["params"], trained, strict=True))
    assert (only["lr"], only["weight_decay"], only["hidden"]) == (0.5, 0.0, True)


@pytest.mark.parametrize("config", [LLAMA, NEOX, GPT2, BERT], ids=lambda config: str(config.model_type))
def test_norms_and_biases_do_not_decay(config: Any) -> None:
    network = plain(config)
    found = settings_of(network, AdamW(weight_decay=0.1))
    for name, weight in network.named_parameters():
        kept = name.endswith("bias") or "norm" in name.lower() or "ln_" in name
        assert kept == (weight.dim() == 1)
        assert found[name]["weight_decay"] == (0.0 if kept else 0.1), name


@pytest.mark.parametrize("config", [LLAMA, NEOX, GPT2, BERT], ids=lambda config: str(config.model_type))
def test_rates_fall_by_layer(config: Any) -> None:
    found = settings_of(plain(config), AdamW(lr=1.0, layer_decay=0.5))
    seen = set()
    for name, group in found.items():
        layer = next((int(part) for part in name.split(".") if part.isdigit()), None)
        below = any(word in name for word in ("embed_tokens", "embed_in", "wte", "wpe", "embeddings"))
        expected = 0.5**4 if below else 1.0 if layer is None else 0.5 ** (3 - layer)
        assert group["lr"] == expected, name
        seen.add(expected)
    assert {0.5**4, 0.5**3, 0.5**2, 0.5, 1.0} == seen


def test_the_matrices_of_layers_are_told_from_embeddings_and_head() -> None:
    found = settings_of(plain(LLAMA), AdamW())
    assert {name for name, group in found.items() if group["hidden"]} == {
        f"model.layers.{layer}.{part}_proj.weight"
        for layer in range(3)
        for part in (*(f"self_attn.{x}" for x in "qkvo"), "mlp.gate", "mlp.up", "mlp.down")
    }


def test_lora_plus_is_pefts() -> None:
    network = get_peft_model(plain(LLAMA), LoraConfig(r=2, target_modules="all-linear"))
    found = settings_of(network, AdamW(lr=0.25, lora_plus=16.0))
    theirs = create_loraplus_optimizer(network, torch.optim.AdamW, lr=0.25, loraplus_lr_ratio=16.0)
    expected = {id(p): group["lr"] for group in theirs.param_groups for p in group["params"]}
    assert {found[name]["lr"] for name in found} == {0.25, 4.0}
    for name, weight in network.named_parameters():
        if weight.requires_grad:
            assert found[name]["lr"] == expected[id(weight)], name
