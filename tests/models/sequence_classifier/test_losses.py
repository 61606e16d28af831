"""A head's losses and gradients in a batch are those of transformers' own forward pass, row by row.

Shapes: L tokens of a row.
"""

import pytest
import torch

from shipworthy.models.adapters.build import build
from shipworthy.models.adapters.network import base_of, trained_of
from shipworthy.models.adapters.schema import Lora, NoAdapter
from shipworthy.models.causal_lm.fitness import fit_for_packs, make_batch
from shipworthy.models.causal_lm.packed import Pack, Row
from shipworthy.models.causal_lm.structure import head_modules
from shipworthy.models.losses import losses
from tests.models.causal_lm.families import ENCODERS, UNFIT, WITH_HEADS, tiny

TOLERANCE = 1e-4
PREFIX = [7, 8, 9, 10, 11]
ROWS = [Row([*PREFIX, *range(20 + i, 20 + i + length)], (i % 3,)) for i, length in enumerate((3, 30, 9, 21))]
NUMBERS = [Row(row.prompt, (0.5 * i - 1.0,)) for i, row in enumerate(ROWS)]
SETTINGS = {"pad_token_id": 0, "num_labels": 3, "problem_type": "single_label_classification"}


@pytest.mark.parametrize("family", WITH_HEADS)
@pytest.mark.parametrize("adapter", [Lora(rank=2, alpha=4), NoAdapter()], ids=["lora", "none"])
@pytest.mark.parametrize("rows", [ROWS, NUMBERS], ids=["classes", "numbers"])
def test_losses_and_gradients_are_transformers_own(family: str, adapter: Lora | NoAdapter, rows: list[Row]) -> None:
    numbers = isinstance(rows[0].answer[0], float)
    settings = {**SETTINGS, **({"num_labels": 1, "problem_type": "regression"} if numbers else {})}
    ours, theirs = (build(tiny(family, eager=eager, **settings), adapter, seed=3) for eager in (False, True))
    with torch.no_grad():
        for network in (ours, theirs):
            torch.manual_seed(5)
            for name, parameter in trained_of(network).items():
                if "lora_B" in name:
                    parameter.normal_(std=0.1)
    batch = make_batch(base_of(ours), rows)
    assert isinstance(batch, Pack) == (family not in {*ENCODERS, *UNFIT})
    found_N = losses(base_of(ours), batch)
    expected_N = torch.stack([_own_loss(base_of(theirs), row, numbers) for row in rows])
    torch.testing.assert_close(found_N, expected_N, atol=TOLERANCE, rtol=TOLERANCE)
    mine, others = (list(trained_of(network).values()) for network in (ours, theirs))
    for one, other in zip(
        torch.autograd.grad(found_N.sum(), mine, allow_unused=True),
        torch.autograd.grad(expected_N.sum(), others, allow_unused=True),
        strict=True,
    ):
        assert (one is None) == (other is None)
        if one is not None:
            torch.testing.assert_close(one, other, atol=TOLERANCE, rtol=1e-3)


def _own_loss(network: torch.nn.Module, row: Row, numbers: bool) -> torch.Tensor:
    ids_1L = torch.tensor([list(row.prompt)])
    loss: torch.Tensor = network(input_ids=ids_1L, labels=torch.tensor([row.answer[0]])).loss
    return loss


@pytest.mark.parametrize("family", WITH_HEADS)
def test_all_of_a_head_is_trained_beside_an_adapter(family: str) -> None:
    network = build(tiny(family, **SETTINGS), Lora(rank=2, alpha=4), seed=3)
    trained = trained_of(network)
    for module in head_modules(base_of(network)):
        beside = [name for name in trained if f"{module}.modules_to_save." in name]
        assert beside, module
    assert not any("lora" in name for name in trained if any(f"{m}." in name for m in head_modules(base_of(network))))


def test_why_an_encoders_rows_stand_side_by_side() -> None:
    found = fit_for_packs(tiny("bert", **SETTINGS))
    assert not found.fit and "see those after them" in found.why
