"""Attention of packed rows: to the prefix that all share, and to themselves.

A row's keys are those of the prefix and its own. Attention to the two parts is computed apart, the prefix standing
once for all rows, and merged by the logarithms of their sums: softmax over both, exactly (as in Flash-Decoding; Dao
et al. 2023, and "cascade" attention; Ye et al. 2024). That is for a CPU. On a GPU one kernel knows which token sees
which (see `flex.py`). Where neither is there (on a CPU for windows and capped scores, with dropout, or where the kernel
doesn't stand its trial), the prefix's keys are gathered for every row instead.

Shapes: T tokens, P of the prefix, M own tokens of all rows, B rows, L of the longest, H heads, G heads of keys and
values, R = H / G, E width of a head.
"""

import sys
from typing import TYPE_CHECKING, Any

import torch
from transformers import AttentionInterface, PreTrainedModel
from transformers.integrations.sdpa_attention import sdpa_attention_forward
from transformers.masking_utils import AttentionMaskInterface, sdpa_mask

from shipworthy.models.causal_lm.flex import flexed, proven
from shipworthy.models.causal_lm.gathered import gathered

if TYPE_CHECKING:
    from shipworthy.models.causal_lm.columns import Columns
    from shipworthy.models.causal_lm.packed import Pack

NAME = "shipworthy"

_flash = torch.ops.aten._scaled_dot_product_flash_attention_for_cpu
_flash_backward = torch.ops.aten._scaled_dot_product_flash_attention_for_cpu_backward


def install(network: PreTrainedModel) -> None:
    """Makes it the network's attention, where its family asks transformers' interface; others keep their own."""
    if network._supports_attention_backend:
        network.set_attn_implementation(NAME)


def attend(
    module: torch.nn.Module,
    query_BHLE: torch.Tensor,
    key_BGKE: torch.Tensor,
    value_BGKE: torch.Tensor,
    attention_mask: torch.Tensor | None,
    scaling: float | None = None,
    dropout: float = 0.0,
    pack: "Pack | None" = None,
    columns: "Columns | None" = None,
    **options: Any,
) -> tuple[torch.Tensor, torch.Tensor | None]:
    """The attention that transformers' models call by `NAME`.

    Args:
        pack: the rows that the one sequence holds (None: each is a sequence of its own).
        columns: which of their keys the queries see, where it isn't what `attention_mask` says.
        options: what else the family's attention is made of: `sliding_window` and `softcap` are known in packs.

    Returns:
        output_BLHE, and the probabilities where the family's own code gives them.

    Raises:
        ValueError: the family's attention has what packs do not know.
    """
    if pack is not None:
        return _packed(query_BHLE, key_BGKE, value_BGKE, pack, scaling, dropout, **options), None
    if columns is not None:
        attention_mask = columns.seen(options.get("sliding_window"))
    if options.get("softcap") is None and options.get("s_aux") is None:
        output: tuple[torch.Tensor, None] = sdpa_attention_forward(
            module, query_BHLE, key_BGKE, value_BGKE, attention_mask, dropout=dropout, scaling=scaling, **options
        )
        return output
    added = _added(attention_mask, query_BHLE, key_BGKE.shape[2])
    eager = sys.modules[type(module).__module__].eager_attention_forward
    own: tuple[torch.Tensor, torch.Tensor] = eager(
        module, query_BHLE, key_BGKE, value_BGKE, added, dropout=dropout, scaling=scaling, **options
    )
    return own


def _packed(
    query_1HTE: torch.Tensor,
    key_1GTE: torch.Tensor,
    value_1GTE: torch.Tensor,
    pack: "Pack",
    scaling: float | None,
    dropout: float,
    *,
    sliding_window: int | None = None,
    softcap: float | None = None,
    s_aux: torch.Tensor | None = None,
    position_bias: torch.Tensor | None = None,
    **_: Any,
) -> torch.Tensor:
    """Output_1THE."""
    if s_aux is not None or position_bias is not None:
        raise ValueError("its attention has sinks or a bias by position, which packs do not know")
    # Under autocast the rotation leaves queries and keys in 32 bits.
    query_1HTE, key_1GTE = (tokens.to(value_1GTE.dtype) for tokens in (query_1HTE, key_1GTE))
    scaling = query_1HTE.shape[-1] ** -0.5 if scaling is None else scaling
    longest = pack.prefix + pack.slot_BL.shape[1]
    window = sliding_window if sliding_window is not None and sliding_window < longest else None
    plain = window is None and softcap is None and not dropout and query_1HTE.shape[-1] == value_1GTE.shape[-1]
    if plain and query_1HTE.device.type == "cpu":
        output_1THE: torch.Tensor = _Cascade.apply(query_1HTE, key_1GTE, value_1GTE, pack, scaling)
        return output_1THE
    if not dropout and query_1HTE.is_cuda and proven(query_1HTE, key_1GTE, value_1GTE, window=window, softcap=softcap):
        return flexed(query_1HTE, key_1GTE, value_1GTE, pack, scaling, window, softcap)
    return gathered(query_1HTE, key_1GTE, value_1GTE, pack, scaling, window, softcap, dropout)


def _added(mask: torch.Tensor | None, query_BHLE: torch.Tensor, keys: int) -> torch.Tensor:
    """What transformers' eager code adds to the scores; no mask stands for a causal one."""
    if mask is None:
        queries = query_BHLE.shape[2]
        mask = torch.ones(queries, keys, dtype=torch.bool, device=query_BHLE.device).tril(keys - queries)
    if mask.dtype != torch.bool:
        return mask
    return torch.zeros_like(mask, dtype=query_BHLE.dtype).masked_fill_(~mask, torch.finfo(query_BHLE.dtype).min)


AttentionInterface.register(NAME, attend)
AttentionMaskInterface.register(NAME, sdpa_mask)


class _Cascade(torch.autograd.Function):
    """Attention to the prefix and to the row apart, merged.

    Backward, each part's kernel is given the merged output and the merged logarithm: then the probabilities that it
    makes again are those of the whole softmax, and the parts' gradients add up.
    """

    @staticmethod
    def forward(
        ctx: Any, query_1HTE: torch.Tensor, key_1GTE: torch.Tensor, value_1GTE: torch.Tensor, pack: "Pack", scale: float
    ) -> torch.Tensor:
        view = _View(pack, query_1HTE.shape[1], key_1GTE.shape[1])
        query_THE, key_TGE, value_TGE = (tokens[0].transpose(0, 1) for tokens in (query_1HTE, key_1GTE, value_1GTE))
        P = pack.prefix
        own, logarithm_BHL = _flash(
            view.rows(query_THE[P:]),
            *(view.rows(view.repeat(x[P:])) for x in (key_TGE, value_TGE)),
            0.0,
            True,
            scale=scale,
        )
        output_MHE = view.flat(own)
        parts = None
        if P:
            first, first_logarithm = _flash(
                *(view.head(view.repeat(x[:P])) for x in (query_THE, key_TGE, value_TGE)), 0.0, True, scale=scale
            )
            across, across_logarithm = _flash(
                view.fold(query_THE[P:]), *(view.head(x[:P]) for x in (key_TGE, value_TGE)), 0.0, False, scale=scale
            )
            own_MH, across_MH = view.flat(logarithm_BHL), view.unfold(across_logarithm)
            merged_MH = torch.logaddexp(own_MH, across_MH)
            own_share_MH1, across_share_MH1 = (
                (part_MH - merged_MH).exp_()[..., None].to(output_MHE.dtype) for part_MH in (own_MH, across_MH)
            )
            output_MHE.mul_(own_share_MH1)
            output_MHE.addcmul_(view.unfold(across), across_share_MH1)
            logarithm_BHL = view.rows(merged_MH).contiguous()
            parts = (first, first_logarithm, view.fold(merged_MH).contiguous())
            output_THE = torch.cat([first[0].transpose(0, 1), output_MHE])
        else:
            output_THE = output_MHE
        ctx.save_for_backward(query_THE, key_TGE, value_TGE, output_THE, logarithm_BHL, *(parts or ()))
        ctx.view, ctx.scale = view, scale
        return output_THE[None]

    @staticmethod
    def backward(ctx: Any, gradient_1THE: torch.Tensor) -> Any:
        query_THE, key_TGE, value_TGE, output_THE, logarithm_BHL, *parts = ctx.saved_tensors
        view, scale, gradient_THE = ctx.view, ctx.scale, gradient_1THE[0]
        P = view.pack.prefix
        own = _flash_backward(
            view.rows(gradient_THE[P:], fill=0.0),
            view.rows(query_THE[P:]),
            *(view.rows(view.repeat(x[P:])) for x in (key_TGE, value_TGE)),
            view.rows(output_THE[P:]),
            logarithm_BHL,
            0.0,
            True,
            scale=scale,
        )
        query_MHE, key_MGE, value_MGE = (
            view.flat(own[0]),
            view.reduce(view.flat(own[1])),
            view.reduce(view.flat(own[2])),
        )
        if not P:
            return *(x.transpose(0, 1)[None] for x in (query_MHE, key_MGE, value_MGE)), None, None
        first_output, first_logarithm, across_logarithm = parts
        across = _flash_backward(
            view.fold(gradient_THE[P:]),
            view.fold(query_THE[P:]),
            *(view.head(x[:P]) for x in (key_TGE, value_TGE)),
            view.fold(output_THE[P:]),
            across_logarithm,
            0.0,
            False,
            scale=scale,
        )
        first = _flash_backward(
            view.head(gradient_THE[:P]),
            *(view.head(view.repeat(x[:P])) for x in (query_THE, key_TGE, value_TGE)),
            first_output,
            first_logarithm,
            0.0,
            True,
            scale=scale,
        )
        gradients = (
            torch.cat([first[0][0].transpose(0, 1), query_MHE.add_(view.unfold(across[0]))]),
            torch.cat([view.reduce(first[1][0].transpose(0, 1)).add_(across[1][0].transpose(0, 1)), key_MGE]),
            torch.cat([view.reduce(first[2][0].transpose(0, 1)).add_(across[2][0].transpose(0, 1)), value_MGE]),
        )
        return *(x.transpose(0, 1)[None] for x in gradients), None, None


class _View:
    """The same tokens as rows (B, h, L, …), flat (M, h, …), or with the heads of a group one after another."""

    def __init__(self, pack: "Pack", heads: int, groups: int) -> None:
        self.pack, self.heads, self.groups = pack, heads, groups
        self.slot, self.place, self.shape = pack.slot_BL.flatten(), pack.place_M, pack.slot_BL.shape

    def rows(self, tokens_Mh: torch.Tensor, fill: float | None = None) -> torch.Tensor:
        """(M, h, …) → (B, h, L, …); padding repeats the row's last token, or is `fill`."""
        if fill is None:
            padded = tokens_Mh.index_select(0, self.slot)
        else:
            padded = tokens_Mh.new_full((len(self.slot), *tokens_Mh.shape[1:]), fill)
            padded.index_copy_(0, self.place, tokens_Mh)
        return padded.unflatten(0, self.shape).transpose(1, 2)

    def flat(self, rows_BhL: torch.Tensor) -> torch.Tensor:
        """(B, h, L, …) → (M, h, …), without the padding."""
        return rows_BhL.transpose(1, 2).flatten(0, 1).index_select(0, self.place)

    def repeat(self, tokens_TGE: torch.Tensor) -> torch.Tensor:
        """(T, G or H, E) → (T, H, E)."""
        return tokens_TGE.repeat_interleave(self.heads // tokens_TGE.shape[1], dim=1)

    def reduce(self, tokens_THE: torch.Tensor) -> torch.Tensor:
        """(T, H, E) → (T, G, E): the sum over a group's heads."""
        return tokens_THE.unflatten(1, (self.groups, -1)).sum(2)

    def head(self, tokens_Th: torch.Tensor) -> torch.Tensor:
        """(T, h, …) → (1, h, T, …)."""
        return tokens_Th.transpose(0, 1)[None]

    def fold(self, tokens_MH: torch.Tensor) -> torch.Tensor:
        """(M, H, …) → (1, G, R·M, …): as the prefix is seen whole, a group's heads are queries like others."""
        grouped = tokens_MH.unflatten(1, (self.groups, -1)).movedim(0, 2)
        return grouped.flatten(1, 2)[None]

    def unfold(self, folded_1G: torch.Tensor) -> torch.Tensor:
        """(1, G, R·M, …) → (M, H, …)."""
        repeats = self.heads // self.groups
        return folded_1G[0].unflatten(1, (repeats, -1)).flatten(0, 1).transpose(0, 1)
