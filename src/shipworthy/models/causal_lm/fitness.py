"""Whether rows of a network can share a sequence: computed, not looked up by name.

A family is fit for packs when its losses in one are those of its own forward pass on rows side by side. That is tried
on a few short rows, longer than the windows, which are made short for the while. What remembers more than keys and
values, or computes attention in a way of its own, can't be, and nothing needs to be tried.

Shapes: N supervised tokens.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeAlias
from weakref import WeakKeyDictionary

import torch
from transformers import PreTrainedModel

from shipworthy.core.errors import UsageError
from shipworthy.models.causal_lm.packed import Pack, Row, pack
from shipworthy.models.causal_lm.padded import Padded, pad
from shipworthy.models.causal_lm.structure import has_head, is_encoder
from shipworthy.models.causal_lm.widths import reach
from shipworthy.models.losses import losses

Batch: TypeAlias = Pack | Padded
TOLERANCE = {torch.float32: 1e-3, torch.bfloat16: 5e-2, torch.float16: 1e-2}
"""How far off a token's loss may be (nats), by the weights' type."""
ROUNDINGS, MOST = 4, 6
"""Where rounding is larger, as rows side by side show it: so often that, and at most so often the tolerance."""
PREFIX, OWN = 12, (20, 28, 36)
"""Tokens of the shared prefix, and of each row behind it: all but the first of them are supervised."""
SHORT = 16
"""A window while it is tried (tokens): shorter than each row, longer than the prefix."""
WINDOWS = ("sliding_window", "attention_chunk_size")
"""Where configs and layers keep how far a token sees."""

_found: "WeakKeyDictionary[PreTrainedModel, Fitness]" = WeakKeyDictionary()


@dataclass(frozen=True)
class Fitness:
    """Whether a network's rows can share a sequence.

    Attributes:
        fit: they can.
        why: a sentence without a capital and a full stop.
    """

    fit: bool
    why: str


def fit_for_packs(network: PreTrainedModel) -> Fitness:
    """Whether the network's losses in a pack are its own; found out once for a network.

    Args:
        network: with its weights (a PEFT model's `get_base_model()`).
    """
    if network not in _found:
        _found[network] = unfit_by_structure(network) or _by_trial(network)
    return _found[network]


def settle(network: PreTrainedModel, packing: str) -> Fitness:
    """Whether rows will share a sequence: `on`, `off`, or `auto`, where they do if they can.

    Raises:
        UsageError: they are to, and can't.
    """
    if packing == "off":
        _found[network] = Fitness(False, "trainer.packing=off")
    found = fit_for_packs(network)
    if packing == "on" and not found.fit:
        raise UsageError(f"trainer.packing=on: {found.why}: take auto, which computes rows side by side then.")
    return found


def make_batch(network: PreTrainedModel, rows: Sequence[Row]) -> Batch:
    """The rows as the network computes them."""
    return pack(rows) if fit_for_packs(network).fit else pad(rows)


def unfit_by_structure(network: PreTrainedModel) -> Fitness | None:
    """Why the network's layers can't take packs, whatever their weights; None where it must be tried."""
    name = type(network).__name__
    if is_encoder(network):
        return Fitness(False, f"tokens of {name} see those after them, too, and in a pack those of other rows")
    if network._is_stateful or 0 in reach(network):
        return Fitness(False, f"layers of {name} hand a state from token to token, from one row into the next")
    if not network._supports_attention_backend:
        return Fitness(False, f"{name} computes attention in a way of its own, which knows no packs")
    return None


def _by_trial(network: PreTrainedModel) -> Fitness:
    rows, name = _rows(network), type(network).__name__
    with _in_evaluation(network), _short_windows(network):
        alone_N = torch.cat([_losses(network, pad([row])) for row in rows])
        beside_N = _losses(network, pad(rows))
        try:
            together_N = _losses(network, pack(rows))
        except (AttributeError, IndexError, KeyError, RuntimeError, TypeError, ValueError) as error:
            return Fitness(False, f"{name} can't compute a pack ({error})")
    off, rounding = (float((some_N - alone_N).abs().max()) for some_N in (together_N, beside_N))
    tolerance = TOLERANCE.get(network.dtype, TOLERANCE[torch.bfloat16])
    if not off <= min(max(tolerance, ROUNDINGS * rounding), MOST * tolerance):
        return Fitness(False, f"in a pack, {name} computes other losses than row by row ({off:.2g} nats off)")
    return Fitness(True, f"losses of {len(rows)} rows in a pack are those of the rows alone ({off:.0e} nats off)")


def _rows(network: PreTrainedModel) -> list[Row]:
    vocabulary = int(network.config.get_text_config(decoder=True).vocab_size)
    generator = torch.Generator().manual_seed(0)

    def draw(count: int) -> list[int]:
        drawn: list[int] = torch.randint(vocabulary, (count,), generator=generator).tolist()
        return drawn

    shared = draw(PREFIX)
    if has_head(network):
        return [Row([*shared, *draw(own)], (0,)) for own in OWN]
    return [Row([*shared, *draw(1)], draw(own - 1)) for own in OWN]


def _losses(network: PreTrainedModel, batch: Pack | Padded) -> torch.Tensor:
    with torch.no_grad():
        return losses(network, batch.to(network.device)).cpu()


@contextmanager
def _in_evaluation(network: PreTrainedModel) -> Iterator[None]:
    training = [module for module in network.modules() if module.training]
    network.eval()
    try:
        yield
    finally:
        for module in training:
            module.training = True


@contextmanager
def _short_windows(network: PreTrainedModel) -> Iterator[None]:
    """Windows are `SHORT`, so that short rows meet them."""
    places: list[Any] = [network.config.get_text_config(decoder=True), *network.modules()]
    changed = [
        (place, name, value)
        for place in places
        for name in WINDOWS
        if isinstance(value := getattr(place, name, None), int) and value > SHORT
    ]
    for place, name, _ in changed:
        setattr(place, name, SHORT)
    try:
        yield
    finally:
        for place, name, value in changed:
            setattr(place, name, value)
