"""A packed row's loss and gradients are those of the row alone, computed by transformers with its full projection."""

from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from peft import LoraConfig, get_peft_model
from torch.nn.functional import cross_entropy
from torch.utils.flop_counter import FlopCounterMode

from shipworthy.models.adapters.build import build
from shipworthy.models.adapters.schema import Lora
from shipworthy.models.causal_lm import attention, packed
from shipworthy.models.causal_lm.flops import FlopCounter
from shipworthy.models.causal_lm.gathered import gathered
from shipworthy.models.causal_lm.network import load_network
from shipworthy.models.causal_lm.packed import Row, pack, token_losses
from shipworthy.models.causal_lm.padded import pad
from tests.models.causal_lm.families import tiny
from tests.tiny import write_model

ROWS = [Row([1, 30, 40, 50], [60, 70, 2]), Row([1, 31], [61, 2]), Row([1, 30, 40, 50, 51, 52, 53], [62, 2])]
APART = [Row([3, 30, 40], [60, 70, 2]), *ROWS]
LONG = [Row([*range(3, 43), 7, 8], [9, 2]), Row([*range(3, 43), 5], [60, 61, 62, 2]), Row([*range(3, 43), 6], [2])]


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> torch.nn.Module:
    adapted = build(load_network(write_model(tmp_path_factory.mktemp("tiny"))), Lora(rank=2, alpha=4), seed=1)
    for name, parameter in adapted.named_parameters():
        if "lora_B" in name:  # starts at zero, which would hide an adapter without effect
            torch.nn.init.normal_(parameter, std=0.1, generator=torch.Generator().manual_seed(3))
    return adapted.train()


def alone(network: torch.nn.Module, row: Row) -> torch.Tensor:
    """The sum of a row's losses, as transformers computes it."""
    ids = torch.tensor([[*row.prompt, *row.answer]])
    labels = ids.clone()
    labels[0, : len(row.prompt)] = -100
    return network.get_base_model()(input_ids=ids, labels=labels).loss * len(row.answer)


def gradients(network: torch.nn.Module, loss: torch.Tensor) -> dict[str, torch.Tensor]:
    named = {name: p for name, p in network.named_parameters() if p.requires_grad}
    return dict(zip(named, torch.autograd.grad(loss, list(named.values())), strict=True))


@pytest.mark.parametrize(("rows", "prefix"), [(ROWS, 1), (APART, 0), (LONG, 40), (ROWS[:1], 3)])
@pytest.mark.parametrize("compute", ["cascade", "gathered"])
def test_each_rows_loss_and_gradients_are_its_own(
    network: torch.nn.Module, rows: list[Row], prefix: int, compute: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if compute == "gathered":  # what a GPU takes
        monkeypatch.setattr(attention._Cascade, "apply", gathered)
    together = pack(rows)
    assert together.prefix == prefix
    losses_N = token_losses(network.get_base_model(), together)
    for number, row in enumerate(rows):
        own = losses_N[together.row_N == number].sum()
        other = alone(network, row)
        assert float(own) == pytest.approx(float(other), abs=1e-4)
        mine = gradients(network, token_losses(network.get_base_model(), pack(rows))[together.row_N == number].sum())
        for name, gradient in gradients(network, other).items():
            torch.testing.assert_close(mine[name], gradient, atol=1e-4, rtol=1e-3)


@settings(max_examples=15, deadline=None)
@given(st.lists(st.tuples(st.integers(1, 9), st.integers(1, 5)), min_size=1, max_size=6), st.integers(0, 20))
def test_any_rows_behind_any_prefix(network: torch.nn.Module, sizes: list[tuple[int, int]], shared: int) -> None:
    rows = [
        Row([*[5] * shared, *[40 + i + j for j in range(prompt)]], [60 + i] * answer)
        for i, (prompt, answer) in enumerate(sizes)
    ]
    together, apart = pack(rows), pack(rows, share=False)
    assert apart.prefix == 0
    assert together.prefix >= shared or len(rows) == 1
    assert together.tokens == apart.tokens == sum(len(row) - 1 for row in rows)
    base = network.get_base_model()
    torch.testing.assert_close(token_losses(base, together), token_losses(base, apart), atol=1e-4, rtol=1e-3)


def test_a_row_does_not_see_another(network: torch.nn.Module) -> None:
    base = network.get_base_model()
    changed = [ROWS[0], Row([1, 99, 98, 97], [61, 2]), ROWS[2]]
    before, after = (token_losses(base, pack(rows))[:3] for rows in (ROWS, changed))
    torch.testing.assert_close(before, after, atol=1e-5, rtol=1e-5)


def test_the_projection_in_parts_is_the_whole(network: torch.nn.Module, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = token_losses(network.get_base_model(), pack(ROWS))
    expected = gradients(network, whole.sum())
    monkeypatch.setattr(packed, "CHUNK", 2)
    parts = token_losses(network.get_base_model(), pack(ROWS))
    torch.testing.assert_close(parts, whole, atol=5e-6, rtol=1e-6)
    for name, gradient in gradients(network, parts.sum()).items():
        torch.testing.assert_close(gradient, expected[name], atol=5e-6, rtol=1e-5)


def test_the_layout_of_a_pack() -> None:
    found = pack([Row([1, 5, 6, 7], [8, 2]), Row([1, 5, 9], [9, 2])])
    assert found.prefix == 2
    assert found.ids_T.tolist() == [1, 5, 6, 7, 8, 9, 9]
    assert found.position_T.tolist() == [0, 1, 2, 3, 4, 2, 3]
    assert found.supervised_N.tolist() == [3, 4, 5, 6]
    assert found.target_N.tolist() == [8, 2, 9, 2]
    assert found.row_N.tolist() == [0, 0, 1, 1]
    assert (found.tokens, found.padding) == (9, 1)


def test_operations_are_those_that_torch_counts_but_for_what_no_token_sees(tmp_path: Path) -> None:
    # PEFT's own layers and transformers' own attention: torch's count does not see into ours.
    network = get_peft_model(
        load_network(write_model(tmp_path)), LoraConfig(r=2, target_modules="all-linear", task_type="CAUSAL_LM")
    ).train()
    base, one = network.get_base_model(), pack(ROWS[:1], share=False)
    heads, width = base.config.num_attention_heads, base.config.hidden_size
    base.config._attn_implementation = "eager"
    with FlopCounterMode(display=False) as counter:
        hidden = base.model(one.ids_T[None], use_cache=False).last_hidden_state[0, one.supervised_N]
        loss = cross_entropy(base.lm_head(hidden), one.target_N)
        torch.autograd.grad(loss, [p for p in network.parameters() if p.requires_grad])
    length = len(one.ids_T)
    unseen = len(base.model.layers) * 12 * (length**2 - length * (length + 1) / 2) * heads * (width // heads)
    assert FlopCounter(base).of([one.shape]) + unseen == counter.get_total_flops()


def test_a_shared_prefix_is_counted_once(network: torch.nn.Module) -> None:
    counter = FlopCounter(network.get_base_model())
    together, apart = pack(LONG).shape, pack(LONG, share=False).shape
    saved = 2 * (counter.per_token * 40 + sum(counter.per_pair.values()) * 40 * 41 / 2)
    assert counter.of([apart]) - counter.of([together]) == pytest.approx(saved)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_in_sixteen_bits_a_pack_is_as_far_off_as_rows_side_by_side(dtype: torch.dtype) -> None:
    base = tiny("llama").to(dtype)
    found = []
    for batch in (pack(LONG), pad(LONG)):
        losses = token_losses(base, batch)
        assert losses.dtype == torch.float32
        found.append((losses, torch.autograd.grad(losses.sum(), list(base.parameters()))))
    (packed_losses, packed_gradients), (padded_losses, padded_gradients) = found
    torch.testing.assert_close(packed_losses, padded_losses, atol=0.1, rtol=0.02)
    for mine, other in zip(packed_gradients, padded_gradients, strict=True):
        assert float((mine - other).float().norm() / other.float().norm()) < 0.05
