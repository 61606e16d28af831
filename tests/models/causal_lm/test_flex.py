"""Flex attention over a pack is attention row by row; without a GPU, as torch computes it uncompiled."""

from types import SimpleNamespace

import pytest
import torch
from torch.nn.attention import flex_attention as of_torch

from shipworthy.models.causal_lm import attention, flex
from shipworthy.models.causal_lm.fitness import fit_for_packs
from shipworthy.models.causal_lm.flex import flexed, proven
from shipworthy.models.causal_lm.gathered import gathered
from shipworthy.models.causal_lm.packed import Pack, Row, pack
from shipworthy.models.causal_lm.structure import layers
from tests.models.causal_lm.families import FAMILIES, UNFIT, tiny

ROWS = [Row([5] * 140 + [40 + i] * (10 * i + 1), [60, 2]) for i in range(4)]
APART = [Row([40 + i] * (30 * i + 4), [60, 2]) for i in range(4)]


def eager(
    query_1HTE: torch.Tensor, key_1GTE: torch.Tensor, value_1GTE: torch.Tensor, rows: list[Row], window: int | None
) -> torch.Tensor:
    """Each row by itself, in plain products: a list of output_HLE, one after another, the prefix's tokens left out."""
    whole, found, begins = pack(rows), [], 0
    repeats = query_1HTE.shape[1] // key_1GTE.shape[1]
    for length in whole.lengths:
        own = torch.arange(length) + whole.prefix + begins
        every = torch.cat([torch.arange(whole.prefix), own])
        key_HLE, value_HLE = (x[0][:, every].repeat_interleave(repeats, dim=0) for x in (key_1GTE, value_1GTE))
        score_HLL = query_1HTE[0][:, every] @ key_HLE.transpose(1, 2) * 0.3
        sees_LL = torch.ones(len(every), len(every)).tril()
        sees_LL = sees_LL if window is None else sees_LL.triu(1 - window)
        found.append((score_HLL.masked_fill(sees_LL == 0, -torch.inf).softmax(-1) @ value_HLE)[:, whole.prefix :])
        begins += length
    return torch.cat(found, dim=1)


def drawn(rows: list[Row]) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    draw, tokens = torch.Generator().manual_seed(1), len(pack(rows).ids_T)
    query, key, value = (torch.randn(1, n, tokens, 16, generator=draw) for n in (4, 2, 2))
    return query, key, value


@pytest.mark.parametrize("window", [None, 20])
@pytest.mark.parametrize("rows", [ROWS, APART], ids=["prefix", "apart"])
def test_a_row_in_a_pack_sees_what_it_sees_alone(rows: list[Row], window: int | None) -> None:
    given = drawn(rows)
    output_1THE = flexed(*given, pack(rows), 0.3, window)
    own_HME = output_1THE[0, pack(rows).prefix :].transpose(0, 1)
    torch.testing.assert_close(own_HME, eager(*given, rows, window), atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize(("window", "softcap"), [(None, None), (20, None), (None, 5.0), (20, 5.0)])
def test_gradients_are_those_of_gathered_keys(
    monkeypatch: pytest.MonkeyPatch, window: int | None, softcap: float | None
) -> None:
    monkeypatch.setattr(of_torch, "_validate_device", lambda *_: None)  # torch's plain products have a gradient
    flex._tried.cache_clear()
    given = drawn(ROWS)
    assert proven(*given, window=window, softcap=softcap)
    flex._tried.cache_clear()


def test_a_kernel_that_is_off_or_fails_is_not_used(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    flex._tried.cache_clear()
    given = drawn(ROWS)
    assert not proven(*given, window=None, softcap=None)  # no gradient on a CPU
    assert "flex attention fails here" in capsys.readouterr().out
    flex._tried.cache_clear()
    monkeypatch.setattr(flex, "flexed", lambda *given, **settings: 1.1 * gathered(*given, **settings))
    assert not proven(*given, window=None, softcap=None)
    assert "off" in capsys.readouterr().out
    flex._tried.cache_clear()


def test_layers_share_a_packs_mask_and_another_pack_has_its_own() -> None:
    one, other = pack(ROWS), pack(APART)
    assert flex._mask(one, 20) is flex._mask(one, 20) is not flex._mask(one, None)
    assert flex._mask(one, None) is not flex._mask(other, None)


@pytest.mark.parametrize("family", sorted(FAMILIES.keys() - UNFIT))
def test_a_familys_losses_in_a_pack_are_those_of_rows_alone(family: str, monkeypatch: pytest.MonkeyPatch) -> None:
    used: list[int | None] = []

    def instead(
        query: torch.Tensor,
        key: torch.Tensor,
        value: torch.Tensor,
        whole: Pack,
        scaling: float,
        window: int | None = None,
        softcap: float | None = None,
        dropout: float = 0.0,
    ) -> torch.Tensor:
        used.append(window)
        return flexed(query, key, value, whole, scaling, window, softcap)

    monkeypatch.setattr(attention, "_Cascade", SimpleNamespace(apply=instead))
    monkeypatch.setattr(attention, "gathered", instead)
    network = tiny(family)
    assert fit_for_packs(network).fit
    assert len(used) == len(layers(network))
