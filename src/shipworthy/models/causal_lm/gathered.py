"""Attention of packed rows with the prefix's keys and values gathered for every row: any window, cap and device.

Shapes: T tokens, P of the prefix, M own tokens of all rows, B rows, L of the longest, K keys of a row, H heads, G heads
of keys and values, E width of a head.
"""

from typing import TYPE_CHECKING

import torch
from torch.nn.functional import dropout as drop
from torch.nn.functional import scaled_dot_product_attention
from torch.utils.checkpoint import checkpoint

if TYPE_CHECKING:
    from shipworthy.models.causal_lm.packed import Pack


def gathered(
    query_1HTE: torch.Tensor,
    key_1GTE: torch.Tensor,
    value_1GTE: torch.Tensor,
    pack: "Pack",
    scaling: float,
    window: int | None = None,
    softcap: float | None = None,
    dropout: float = 0.0,
) -> torch.Tensor:
    """The attention's output_1THE. The prefix itself is one row more.

    Args:
        window: tokens that a token sees, itself included (None: all before it).
        softcap: scores become softcap · tanh(score / softcap) (Gemma 2; None: they stay).
        dropout: share of the probabilities that is zeroed.
    """
    prefix, rows = pack.prefix, len(pack.lengths)
    repeats = query_1HTE.shape[1] // key_1GTE.shape[1]
    # The first of a row's own tokens sees no more of the prefix than this; nor do the others.
    seen = prefix if window is None else min(prefix, window - 1)
    own_BL = pack.slot_BL + prefix
    shared_BP = torch.arange(prefix - seen, prefix, device=own_BL.device).expand(rows, -1)

    def take(tokens_1hTE: torch.Tensor, index_BK: torch.Tensor) -> torch.Tensor:
        return tokens_1hTE[0][:, index_BK].transpose(0, 1)

    index_BK = torch.cat([shared_BP, own_BL], dim=1)
    key_BHKE, value_BHKE = (
        take(tokens_1GTE, index_BK).repeat_interleave(repeats, dim=1) for tokens_1GTE in (key_1GTE, value_1GTE)
    )
    output_BHLE = _product(take(query_1HTE, own_BL), key_BHKE, value_BHKE, scaling, window, softcap, dropout)
    own_MHE = output_BHLE.transpose(1, 2).flatten(0, 1)[pack.place_M]
    if not prefix:
        return own_MHE[None]
    first_1HPE = _product(
        query_1HTE[:, :, :prefix],
        key_1GTE[:, :, :prefix].repeat_interleave(repeats, dim=1),
        value_1GTE[:, :, :prefix].repeat_interleave(repeats, dim=1),
        scaling,
        window,
        softcap,
        dropout,
    )
    return torch.cat([first_1HPE[0].transpose(0, 1), own_MHE])[None]


def _product(
    query_BHLE: torch.Tensor,
    key_BHKE: torch.Tensor,
    value_BHKE: torch.Tensor,
    scaling: float,
    window: int | None,
    softcap: float | None,
    dropout: float,
) -> torch.Tensor:
    """Attention of a row's last queries to its keys: output_BHLE."""
    queries, keys = query_BHLE.shape[2], key_BHKE.shape[2]
    causal = window is None and queries == keys
    seen_LK = None if causal and softcap is None else _seen(queries, keys, window, query_BHLE.device)
    if softcap is None:
        return scaled_dot_product_attention(
            query_BHLE, key_BHKE, value_BHKE, attn_mask=seen_LK, dropout_p=dropout, is_causal=causal, scale=scaling
        )
    # No kernel of torch knows the cap. Scores are as many as rows times keys: they are made again, not kept.
    output_BHLE: torch.Tensor = checkpoint(
        _capped, query_BHLE, key_BHKE, value_BHKE, seen_LK, scaling, softcap, dropout, use_reentrant=False
    )
    return output_BHLE


def _seen(queries: int, keys: int, window: int | None, device: torch.device) -> torch.Tensor:
    """Which keys each query sees: seen_LK."""
    seen_LK = torch.ones(queries, keys, dtype=torch.bool, device=device).tril(keys - queries)
    return seen_LK if window is None else seen_LK.triu(keys - queries - window + 1)


def _capped(
    query_BHLE: torch.Tensor,
    key_BHKE: torch.Tensor,
    value_BHKE: torch.Tensor,
    seen_LK: torch.Tensor,
    scaling: float,
    softcap: float,
    dropout: float,
) -> torch.Tensor:
    score_BHLK = softcap * torch.tanh(query_BHLE @ key_BHKE.transpose(2, 3) * (scaling / softcap))
    share_BHLK = score_BHLK.masked_fill(~seen_LK, -torch.inf).softmax(dim=-1, dtype=torch.float32)
    return drop(share_BHLK.to(value_BHKE.dtype), dropout) @ value_BHKE
