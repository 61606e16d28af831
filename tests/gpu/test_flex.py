"""Torch's flex attention, compiled, on packs of every family: losses and gradients of a processor."""

import pytest
import torch

from shipworthy.models.causal_lm import attention, flex
from shipworthy.models.causal_lm.flex import proven
from shipworthy.models.causal_lm.packed import Row, pack, token_losses
from tests.models.causal_lm.families import FAMILIES, UNFIT, tiny

pytestmark = pytest.mark.gpu
ROWS = [Row([5] * 20 + [40 + i] * (3 * i + 1), [60 + i, 2, 7]) for i in range(6)]


@pytest.mark.parametrize(("window", "softcap"), [(None, None), (20, None), (None, 5.0), (20, 5.0)])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16])
@pytest.mark.parametrize("width", [64, 128])
def test_the_kernel_stands_its_trial(width: int, dtype: torch.dtype, window: int | None, softcap: float | None) -> None:
    query, key, value = (torch.zeros(1, n, 8, width, dtype=dtype, device="cuda") for n in (8, 2, 2))
    assert proven(query, key, value, window=window, softcap=softcap)


@pytest.mark.parametrize("family", sorted(FAMILIES.keys() - UNFIT))
def test_a_familys_losses_and_gradients_are_those_of_a_processor(family: str, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[bool] = []

    def noted(*given: torch.Tensor, **settings: object) -> bool:
        seen.append(flex.proven(*given, **settings))
        return seen[-1]

    monkeypatch.setattr(attention, "proven", noted)
    network = tiny(family).train()
    weights = [p for p in network.parameters() if p.requires_grad]

    def results(device: str) -> list[torch.Tensor]:
        network.to(device)
        losses_N = token_losses(network, pack(ROWS).to(torch.device(device)))
        found = torch.autograd.grad(losses_N.sum(), weights, allow_unused=True)
        return [losses_N.detach().cpu(), *(g.cpu() for g in found if g is not None)]

    here = results("cpu")
    for one, other in zip(here, results("cuda"), strict=True):
        torch.testing.assert_close(one, other, atol=2e-3, rtol=2e-3)
    assert seen  # whichever way it went, the kernel was asked first


def test_packs_of_other_lengths_are_computed_as_rightly() -> None:
    network = tiny("llama").train()
    for count in (1, 3, 6):
        here = token_losses(network.cpu(), pack(ROWS[:count]))
        there = token_losses(network.cuda(), pack(ROWS[:count]).to(torch.device("cuda")))
        torch.testing.assert_close(here, there.cpu(), atol=2e-3, rtol=2e-3)
