"""Attention of packed rows by torch's flex attention (Dong et al. 2024): for a GPU, one kernel over the whole pack.

Blocks of the scores in which no token sees another are skipped, so that a row costs its own tokens and the prefix, and
nothing is gathered or filled up. Windows are part of the mask, a cap of the scores is a change of each. Whether the
kernel that torch compiles is right is tried before it is used: against `gathered.py`, gradients included.

Shapes: T tokens, H heads, G heads of keys and values, E width of a head.
"""

from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING, Any

import torch
from torch.nn.attention.flex_attention import BlockMask, create_block_mask, flex_attention
from torch.utils.weak import WeakIdKeyDictionary

from shipworthy.core.progress import say
from shipworthy.models.causal_lm.gathered import gathered

if TYPE_CHECKING:
    from shipworthy.models.causal_lm.packed import Pack

PREFIX = -1
"""The row that the shared prefix counts as."""
LENGTHS, TRIED_PREFIX = (90, 40, 131), 70
"""Own tokens of the rows, and tokens of the prefix, with which the kernel is tried: more than one block of 128."""
TOLERANCE = {torch.float32: 2e-3, torch.bfloat16: 3e-2, torch.float16: 1e-2}
"""How far off an output or a gradient may be, as a share of the largest."""

_masks: "WeakIdKeyDictionary" = WeakIdKeyDictionary()
"""Pack → window → its mask: layers share them."""


def flexed(
    query_1HTE: torch.Tensor,
    key_1GTE: torch.Tensor,
    value_1GTE: torch.Tensor,
    pack: "Pack",
    scaling: float,
    window: int | None = None,
    softcap: float | None = None,
) -> torch.Tensor:
    """The attention's output_1THE; of `window` and `softcap` see `gathered`.

    Raises:
        NotImplementedError: a gradient is asked for on a CPU, where torch has none.
    """
    attention, _ = _functions(query_1HTE.device.type)
    output_1HTE: torch.Tensor = attention(
        query_1HTE,
        key_1GTE,
        value_1GTE,
        score_mod=None if softcap is None else _capped(softcap),
        block_mask=_mask(pack, window),
        scale=scaling,
        enable_gqa=query_1HTE.shape[1] != key_1GTE.shape[1],
    )
    return output_1HTE.transpose(1, 2)


def proven(query_1HTE: torch.Tensor, key_1GTE: torch.Tensor, value_1GTE: torch.Tensor, **settings: Any) -> bool:
    """Whether the kernel gives, for tensors like these, the outputs and gradients of `gathered`; tried once.

    Args:
        settings: `window` and `softcap`, or neither.
    """
    groups, *widths = key_1GTE.shape[1], query_1HTE.shape[3], value_1GTE.shape[3]
    kind = (query_1HTE.shape[1], groups, *widths, query_1HTE.dtype, query_1HTE.device)
    return _tried(*kind, **{name: value is not None for name, value in settings.items()})


@cache
def _tried(
    heads: int,
    groups: int,
    width: int,
    value_width: int,
    dtype: torch.dtype,
    device: torch.device,
    *,
    window: bool = False,
    softcap: bool = False,
) -> bool:
    from shipworthy.models.causal_lm.packed import Row, pack

    draw = torch.Generator(device).manual_seed(0)
    rows = [Row([0] * TRIED_PREFIX + [number + 1] * (length - 1), [0, 0]) for number, length in enumerate(LENGTHS)]
    tried = pack(rows).to(device)
    settings = {"window": 50 if window else None, "softcap": 5.0 if softcap else None}

    def drawn(*shape: int) -> torch.Tensor:
        return torch.randn(*shape, dtype=dtype, device=device, generator=draw)

    tokens = len(tried.ids_T)
    given = [drawn(1, n, tokens, e) for n, e in ((heads, width), (groups, width), (groups, value_width))]
    weight_1THE = drawn(1, tokens, heads, value_width)

    def results(attention: Callable[..., torch.Tensor]) -> list[torch.Tensor]:
        inputs = [tensor.clone().requires_grad_() for tensor in given]
        output_1THE = attention(*inputs, tried, width**-0.5, **settings)
        return [output_1THE.detach(), *torch.autograd.grad((output_1THE * weight_1THE).sum(), inputs)]

    with torch.enable_grad(), torch.autocast(device.type, enabled=False):
        expected = results(gathered)
        try:
            found = results(flexed)
        except RuntimeError as error:  # the compiler's are such, too
            say(
                f"attention gathers keys for each row: torch's flex attention fails here ({str(error).splitlines()[0]})"
            )
            return False
    off = max(float((one - other).abs().max() / other.abs().max()) for one, other in zip(found, expected, strict=True))
    if not off <= TOLERANCE[dtype]:
        say(f"attention gathers keys for each row: torch's flex attention is {off:.1%} off")
        return False
    return True


@cache
def _functions(device: str) -> tuple[Callable[..., torch.Tensor], Callable[..., BlockMask]]:
    """Attention and the making of its mask; compiled where there is a kernel for it."""
    if device == "cpu":
        return flex_attention, create_block_mask
    return torch.compile(flex_attention, dynamic=True), torch.compile(create_block_mask, dynamic=True)


def _mask(pack: "Pack", window: int | None) -> BlockMask:
    made = _masks.setdefault(pack, {})
    if window not in made:
        _, create = _functions(pack.device.type)
        tokens = len(pack.ids_T)
        made[window] = create(_sees(pack, window), None, None, tokens, tokens, device=pack.device)
    mask: BlockMask = made[window]
    return mask


def _sees(pack: "Pack", window: int | None) -> Callable[..., torch.Tensor]:
    """Whether a token sees another: one of the prefix or of its own row, not behind it, and in its window."""
    lengths = torch.tensor(pack.lengths, device=pack.device)
    row_M = torch.repeat_interleave(lengths, output_size=sum(pack.lengths))
    row_T = torch.cat([row_M.new_full((pack.prefix,), PREFIX), row_M])
    position_T = pack.position_T

    def whole(batch: Any, head: Any, query: torch.Tensor, key: torch.Tensor) -> torch.Tensor:
        mine = (row_T[key] == PREFIX) | (row_T[key] == row_T[query])
        return mine & (position_T[key] <= position_T[query])

    def near(batch: Any, head: Any, query: torch.Tensor, key: torch.Tensor) -> torch.Tensor:
        assert window is not None
        return whole(batch, head, query, key) & (position_T[query] - position_T[key] < window)

    return whole if window is None else near


@cache
def _capped(softcap: float) -> Callable[..., torch.Tensor]:
    def change(score: torch.Tensor, batch: Any, head: Any, query: Any, key: Any) -> torch.Tensor:
        return softcap * torch.tanh(score / softcap)

    return change
