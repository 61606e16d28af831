"""Rows that see each other in a pack; a loss that depends on how the step is cut."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
import torch

from shipworthy.models.causal_lm import attention
from shipworthy.models.causal_lm.packed import Pack, pack
from shipworthy.train.lightning.gradients import gradients
from shipworthy.train.preflight import context as contexts
from shipworthy.train.preflight import equality
from shipworthy.train.preflight.context import Context
from shipworthy.train.preflight.equality import accumulation, packed_is_unpacked
from tests.train.preflight.planted import bits


def test_rows_that_attend_to_each_other_are_found(context: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    assert packed_is_unpacked(context).passed

    class Leaking:
        """Plain causal attention over the whole pack, as a trainer that packs without a mask has it."""

        @staticmethod
        def apply(
            query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, pack: Pack, scale: float
        ) -> torch.Tensor:
            repeats = query.shape[1] // key.shape[1]
            key, value = (x.repeat_interleave(repeats, dim=1) for x in (key, value))
            output = torch.nn.functional.scaled_dot_product_attention(query, key, value, is_causal=True, scale=scale)
            return output.transpose(1, 2)

    monkeypatch.setattr(attention, "_Cascade", Leaking)
    outcome = packed_is_unpacked(context)
    assert not outcome.passed and outcome.measured["largest_difference_nats"] > 0.01


def test_positions_that_go_on_from_row_to_row_are_found(context: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    def wrong(network: Any, rows: Sequence[Any]) -> Pack:
        made = pack(rows)
        return replace(made, position_T=made.position_T.flip(0))

    monkeypatch.setattr(contexts, "make_batch", wrong)
    assert not packed_is_unpacked(context).passed


def test_a_loss_divided_by_each_micro_batch_is_found(context: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    assert accumulation(context).passed

    def per_pack(base: Any, packs: Sequence[Pack], parameters: Any, tokens: int, *options: Any) -> Any:
        each = [gradients(base, [p], parameters, len(p.target_N) * len(packs), *options) for p in packs]
        return sum(loss for loss, _ in each), [sum(parts) for parts in zip(*(g for _, g in each), strict=True)]

    monkeypatch.setattr(equality, "gradients", per_pack)
    outcome = accumulation(context)
    assert not outcome.passed and outcome.measured["gradient_difference_share"] > 0.01


def test_the_weights_are_as_before(context: Context) -> None:
    before = bits(context)
    packed_is_unpacked(context)
    accumulation(context)
    assert all(torch.equal(before[name], tensor) for name, tensor in bits(context).items())
