"""Single updates are those of the papers: computed by hand, or by torch's own optimizers."""

import numpy as np
import pytest
import torch
from torch.nn import Parameter

from shipworthy.train.optimizers.build import build
from shipworthy.train.optimizers.schema import AdamW, Lamb, Lion, Muon, Rule

STEPS = 5
DRAWS = np.random.default_rng(3)
BEGIN = DRAWS.normal(size=(6, 4))
GRADIENTS = DRAWS.normal(size=(STEPS, 6, 4))


def updated(rule: Rule) -> np.ndarray:
    weight = Parameter(torch.tensor(BEGIN))
    optimizer = build([("layers.0.weight", weight)], rule)
    for gradient in GRADIENTS:
        weight.grad = torch.tensor(gradient)
        optimizer.step()
    found: np.ndarray = weight.detach().numpy()
    return found


def test_lion() -> None:
    weight, momentum = BEGIN.copy(), np.zeros_like(BEGIN)
    for gradient in GRADIENTS:
        mixed = 0.8 * momentum + (1 - 0.8) * gradient
        weight = weight - 0.02 * (np.sign(mixed) + 0.3 * weight)
        momentum = 0.95 * momentum + (1 - 0.95) * gradient
    np.testing.assert_allclose(updated(Lion(lr=0.02, weight_decay=0.3, beta1=0.8, beta2=0.95)), weight, rtol=1e-12)


def test_lamb() -> None:
    weight, first, second = BEGIN.copy(), np.zeros_like(BEGIN), np.zeros_like(BEGIN)
    for t, gradient in enumerate(GRADIENTS, start=1):
        first = 0.9 * first + (1 - 0.9) * gradient
        second = 0.99 * second + (1 - 0.99) * gradient**2
        adam = (first / (1 - 0.9**t)) / (np.sqrt(second / (1 - 0.99**t)) + 1e-6)
        update = adam + 0.1 * weight
        weight = weight - 0.05 * np.linalg.norm(weight) / np.linalg.norm(update) * update
    np.testing.assert_allclose(updated(Lamb(lr=0.05, weight_decay=0.1, beta2=0.99)), weight, rtol=1e-9)


def test_lamb_moves_a_weight_that_begins_at_zero() -> None:
    weight = Parameter(torch.zeros(3))
    optimizer = build([("bias", weight)], Lamb(lr=0.1))
    weight.grad = torch.tensor([1.0, -2.0, 0.0])
    optimizer.step()
    torch.testing.assert_close(weight.data, torch.tensor([-0.1, 0.1, 0.0]), rtol=1e-4, atol=0)


@pytest.mark.parametrize("restored", [False, True])
def test_muon_is_torchs_muon_on_the_matrices_of_layers_and_adamw_elsewhere(restored: bool) -> None:
    def weights() -> dict[str, Parameter]:
        draws = torch.Generator().manual_seed(5)
        shapes = {"embed.weight": (7, 4), "layers.0.up.weight": (8, 4), "layers.0.norm.weight": (4,), "head": (7, 4)}
        return {name: Parameter(torch.randn(shape, generator=draws)) for name, shape in shapes.items()}

    rule = Muon(lr=0.02, weight_decay=0.1, beta2=0.99)
    ours, theirs = weights(), weights()
    optimizer = build(ours.items(), rule)
    norm, matrix = theirs["layers.0.norm.weight"], theirs["layers.0.up.weight"]
    decayed = {"params": [theirs["embed.weight"], theirs["head"]], "weight_decay": 0.1}
    expected = [
        torch.optim.Muon([matrix], lr=0.02, weight_decay=0.1, momentum=0.95, adjust_lr_fn="match_rms_adamw"),
        torch.optim.AdamW([decayed, {"params": [norm], "weight_decay": 0.0}], lr=0.02, betas=(0.9, 0.99)),
    ]
    for step in range(STEPS):
        draws = torch.Generator().manual_seed(step)
        for name in ours:
            gradient = torch.randn(ours[name].shape, generator=draws)
            ours[name].grad, theirs[name].grad = gradient.clone(), gradient.clone()
        for group in [*optimizer.param_groups, *(g for one in expected for g in one.param_groups)]:
            group["lr"] = 0.02 / (step + 1)  # as a schedule does
        if restored and step == 3:
            optimizer.load_state_dict(optimizer.state_dict())
        for one in (optimizer, *expected):
            one.step()
    assert all(torch.equal(ours[name], theirs[name]) for name in ours)


def test_adamw_is_torchs() -> None:
    weight = Parameter(torch.tensor(BEGIN))
    expected = torch.optim.AdamW([weight], lr=0.01, betas=(0.8, 0.9), eps=1e-7, weight_decay=0.2)
    for gradient in GRADIENTS:
        weight.grad = torch.tensor(gradient)
        expected.step()
    found = updated(AdamW(lr=0.01, beta1=0.8, beta2=0.9, eps=1e-7, weight_decay=0.2))
    assert np.array_equal(found, weight.detach().numpy())
