"""Every rule learns, goes on from its state bit for bit, and keeps as much in memory as it says."""

import json
from typing import Any

import pytest
import torch
from torch.nn import Parameter
from torch.nn.functional import cross_entropy

from shipworthy.core.errors import UsageError
from shipworthy.models.decoder.network import Transformer, draw
from shipworthy.models.decoder.schema import DecoderShape
from shipworthy.train.optimizers.build import build
from shipworthy.train.optimizers.schema import (
    SGD,
    Adafactor,
    AdamW,
    AdamW8bit,
    Lamb,
    Lion,
    Muon,
    PagedAdamW8bit,
    Rule,
)

OPTIMIZERS = [
    pytest.param(rule, id=rule.kind)
    for rule in (
        AdamW(lr=0.01),
        AdamW8bit(lr=0.01),
        Adafactor(lr=0.1),
        Lamb(lr=0.03, weight_decay=0.01),
        Lion(lr=0.003),
        Muon(lr=0.02),
        SGD(lr=0.05, nesterov=True),
    )
]
V = 128


def network() -> Transformer:
    """Its embedding and its feed-forward matrices have 4,096 numbers or more, so that they are kept in 8 bits."""
    return draw(DecoderShape(32, 128, 2, 4, 2, context=32, tie=False, std=0.1), V)


def optimizer_of(model: torch.nn.Module, rule: Rule) -> torch.optim.Optimizer:
    return build(model.named_parameters(), rule)


def steps(model: Transformer, optimizer: torch.optim.Optimizer, numbers: range) -> list[float]:
    losses = []
    for number in numbers:
        ids_BT = torch.randint(0, V // 4, (4, 16), generator=torch.Generator().manual_seed(number))
        ids_BT[:, 1:] = ids_BT[:, :1]  # each row says its first token over and over
        loss = cross_entropy(model(ids_BT)[:, :-1].flatten(0, 1), ids_BT[:, 1:].flatten())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses


@pytest.mark.parametrize("rule", OPTIMIZERS)
def test_it_comes_near_the_minimum_of_a_quadratic(rule: Rule) -> None:
    draws = torch.Generator().manual_seed(1)
    goals = [torch.randn(64, 64, generator=draws), torch.randn(64, generator=draws)]
    weights = [Parameter(torch.zeros_like(goal)) for goal in goals]
    optimizer = build(zip(("layers.0.weight", "norm.weight"), weights, strict=True), rule)
    losses = []
    for number in range(200):
        # The rate falls, for a rule whose steps are all as long never comes nearer than half of one.
        for group in optimizer.param_groups:
            group["lr"] = rule.lr * (1 - number / 200)
        loss = torch.stack([(w - goal).square().mean() / 2 for w, goal in zip(weights, goals, strict=True)]).sum()
        optimizer.zero_grad()
        (64 * loss).backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < 0.75 * losses[0]
    assert losses[-1] < min(losses[:50])


@pytest.mark.parametrize("rule", OPTIMIZERS)
def test_it_teaches_a_network(rule: Rule) -> None:
    model = network()
    losses = steps(model, optimizer_of(model, rule), range(40))
    assert sum(losses[-5:]) < 0.8 * sum(losses[:5])


@pytest.mark.parametrize("rule", OPTIMIZERS)
def test_it_goes_on_from_its_state_bit_for_bit(rule: Rule) -> None:
    whole = network()
    steps(whole, optimizer_of(whole, rule), range(6))
    begun = network()
    first = optimizer_of(begun, rule)
    steps(begun, first, range(3))
    kept = first.state_dict()
    # As a checkpoint keeps it: settings in JSON, and of each weight tensors alone.
    groups = json.loads(json.dumps(kept["param_groups"]))
    state = {
        index: {name: torch.as_tensor(value).clone() for name, value in values.items()}
        for index, values in kept["state"].items()
    }
    resumed = network()
    resumed.load_state_dict(begun.state_dict())
    second = optimizer_of(resumed, rule)
    second.load_state_dict({"state": state, "param_groups": groups})
    steps(resumed, second, range(3, 6))
    for name, weight in whole.state_dict().items():
        assert torch.equal(weight, resumed.state_dict()[name]), name
    assert not torch.equal(whole.lm_head.weight, begun.lm_head.weight)


def kept_bytes(optimizer: torch.optim.Optimizer) -> int:
    """Without what all weights share: the table of 8-bit numbers."""
    tensors: list[Any] = [
        value for state in optimizer.state.values() for name, value in state.items() if "qmap" not in name
    ]
    return sum(t.numel() * t.element_size() for t in tensors if isinstance(t, torch.Tensor) and t.dim())


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("rule", OPTIMIZERS)
def test_it_keeps_as_much_as_it_says(rule: Rule, dtype: torch.dtype) -> None:
    weights = {
        f"layers.{n}.weight": Parameter(torch.zeros(64, width, dtype=dtype)) for n, width in enumerate((32, 128, 256))
    }
    optimizer = build(weights.items(), rule)
    for weight in weights.values():
        weight.grad = torch.ones_like(weight)
    optimizer.step()
    kept = kept_bytes(optimizer)
    promised = sum(rule.state_bytes(weight.shape, weight.itemsize) for weight in weights.values())
    assert kept == (promised / 2 if isinstance(rule, Muon) else promised)  # a bound: the shape does not tell a layer's
    assert SGD(momentum=0.0).state_bytes((10,)) == 0


def test_muon_keeps_of_matrices_half_of_what_adamw_keeps() -> None:
    weights = [("layers.0.weight", Parameter(torch.ones(8, 8))), ("embed.weight", Parameter(torch.ones(8, 8)))]
    optimizer = build(weights, Muon())
    for _, weight in weights:
        weight.grad = torch.ones_like(weight)
    optimizer.step()
    assert kept_bytes(optimizer) == 4 * 64 + 8 * 64


def test_paging_without_a_gpu_is_refused() -> None:
    with pytest.raises(UsageError, match=r"the weights are on no GPU: take optimizer=adamw_8bit\.$"):
        optimizer_of(network(), PagedAdamW8bit())


@pytest.mark.parametrize(
    ("rule", "settings", "said"),
    [
        (AdamW, {"lr": 0.0}, r"optimizer\.lr=0\.0 must be above 0"),
        (AdamW, {"beta2": 1.0}, r"optimizer\.beta2=1\.0 must be from 0 to below 1"),
        (AdamW, {"weight_decay": -0.1}, "is negative"),
        (Lion, {"layer_decay": 1.5}, "must be at most 1"),
        (Adafactor, {"beta2_decay": -0.8}, "must be above 0"),
        (Adafactor, {"clip": 0.5}, "must be 1 or more"),
        (Muon, {"iterations": 0}, "must be from 1 to 99"),
        (SGD, {"momentum": 0.0, "nesterov": True}, "has no effect with"),
    ],
)
def test_a_wrong_setting_is_one_sentence(rule: type[Rule], settings: dict[str, Any], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        rule(**settings)
