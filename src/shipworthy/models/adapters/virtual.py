"""Virtual tokens before every row: their embeddings, or in each layer their keys and values.

PEFT keeps and saves them; here the network's own backbone takes them in, so that whoever calls it (losses of packs and
of rows side by side, checks, generation with a cache) gets the hidden states of the real tokens, and nothing else to
mind. Real tokens are counted from behind the virtual ones, as by PEFT's own forward pass.

Shapes: B rows, L tokens of a row, V virtual tokens, D width, T tokens of a pack, G heads of keys and values, E width of
a head.
"""

from dataclasses import dataclass, replace
from inspect import signature
from types import MethodType
from typing import Any

import torch
from peft import PeftModel
from peft.utils import PeftType
from transformers import DynamicCache, PreTrainedModel

from shipworthy.core.errors import UsageError
from shipworthy.models.causal_lm.columns import Columns
from shipworthy.models.causal_lm.structure import backbone
from shipworthy.models.causal_lm.widths import reach

PLACE = "virtual_tokens"
"""The attribute of a network that has some."""


@dataclass(frozen=True)
class VirtualTokens:
    """What stands before every row.

    Attributes:
        network: which holds the embeddings.
        count: V.
        cached: they are keys and values, not embeddings.
    """

    network: PeftModel
    count: int
    cached: bool

    def embeddings(self, rows: int, like_BLD: torch.Tensor) -> torch.Tensor:
        """Of the virtual tokens, for each row: embedding_BVD."""
        weight_VD = self.network.prompt_encoder["default"].embedding.weight
        return weight_VD.to(like_BLD).expand(rows, -1, -1)

    def fill(self, cache: DynamicCache, rows: int, base: PreTrainedModel) -> None:
        """Puts the virtual tokens' keys and values into a cache that is empty."""
        config = self.network.peft_config["default"]
        heads, weight = config.num_attention_heads, self.network.prompt_encoder["default"].embedding.weight
        parts = weight.view(self.count, config.num_layers, 2, heads, -1).permute(1, 2, 3, 0, 4)
        for layer, (key_GVE, value_GVE) in enumerate(parts.to(base.device, base.dtype)):
            cache.update(key_GVE.expand(rows, -1, -1, -1), value_GVE.expand(rows, -1, -1, -1), layer)


def of(network: PreTrainedModel) -> VirtualTokens | None:
    """A network's virtual tokens; None: it has none."""
    found: VirtualTokens | None = getattr(network, PLACE, None)
    return found


def install(network: PeftModel) -> PeftModel:
    """Makes the base network's backbone take the virtual tokens in.

    Raises:
        UsageError: the family can't.
    """
    base, config = network.get_base_model(), network.peft_config["default"]
    if base._is_stateful or 0 in reach(base):
        raise UsageError(
            f"adapter={_kind(config)}: {type(base).__name__} hands a state from token to token, not keys and values "
            "behind which virtual tokens could be seen: take adapter=lora."
        )
    virtual = VirtualTokens(network, config.num_virtual_tokens, config.peft_type == PeftType.PREFIX_TUNING)
    setattr(base, PLACE, virtual)
    part = backbone(base)
    names = list(signature(type(part).forward).parameters)[1:]

    def forward(self: Any, *given: Any, **options: Any) -> Any:
        asked, added = _with_virtual(base, virtual, {**dict(zip(names, given, strict=False)), **options})
        output = type(self).forward(self, **asked)
        if added:
            output.last_hidden_state = output.last_hidden_state[:, added:]
        return output

    part.forward = MethodType(forward, part)
    _try(base, config)
    return network


def _with_virtual(base: PreTrainedModel, virtual: VirtualTokens, asked: dict[str, Any]) -> tuple[dict[str, Any], int]:
    """The backbone's arguments, and how many hidden states at the front are those of virtual tokens."""
    asked, cache, count = dict(asked), asked.get("past_key_values"), virtual.count
    begins = cache is None or not cache.get_seq_length()
    tokens = asked["input_ids"] if asked.get("input_ids") is not None else asked["inputs_embeds"]
    rows, added = len(tokens), count if begins and not virtual.cached else 0
    if begins and virtual.cached:
        if asked.get("pack") is not None:
            raise ValueError("packs have no cache for the keys and values of virtual tokens")
        asked["past_key_values"] = cache = DynamicCache() if cache is None else cache
        virtual.fill(cache, rows, base)
    if added:
        embedding_BLD = asked.get("inputs_embeds")
        if embedding_BLD is None:
            embedding_BLD = base.get_input_embeddings()(asked["input_ids"])
        asked["inputs_embeds"] = torch.cat([virtual.embeddings(rows, embedding_BLD), embedding_BLD], dim=1)
        asked["input_ids"] = None
    mask = asked.get("attention_mask")
    if mask is not None and mask.dim() == 2:
        asked["attention_mask"] = torch.cat([mask.new_ones(rows, count), mask], dim=1)
    if (position_BL := asked.get("position_ids")) is not None:
        asked["position_ids"] = _counted(position_BL, count, added)
    if (pack := asked.get("pack")) is not None:
        position_T = _counted(pack.position_T[None], count, added)[0]
        asked["pack"] = replace(pack, prefix=pack.prefix + added, position_T=position_T)
    if (columns := asked.get("columns")) is not None:
        asked["columns"] = Columns(_columns(columns.position_BK, count), columns.new + added)
    return asked, added


def _counted(position_BL: torch.Tensor, count: int, added: int) -> torch.Tensor:
    """Positions behind `count` virtual tokens, of which those that are `added` stand among them."""
    own_V = torch.arange(added, device=position_BL.device)
    return torch.cat([own_V.expand(len(position_BL), -1), position_BL + count], dim=1)


def _columns(position_BK: torch.Tensor, count: int) -> torch.Tensor:
    """Each key's place in its own row, where virtual tokens' keys stand before the others."""
    own_V = torch.arange(count, device=position_BK.device)
    behind_BK = torch.where(position_BK < 0, position_BK, position_BK + count)
    return torch.cat([own_V.expand(len(position_BK), -1), behind_BK], dim=1)


def _try(base: PreTrainedModel, config: Any) -> None:
    """Makes one pass: what a family's layers take in is not told by its name. Shapes alone (on meta) say nothing."""
    if base.device.type == "meta":
        return
    ids_BL = torch.zeros(1, 2, dtype=torch.long, device=base.device)
    try:
        with torch.no_grad():
            backbone(base)(input_ids=ids_BL, use_cache=False)
    except (AttributeError, IndexError, NotImplementedError, RuntimeError, TypeError, ValueError) as error:
        raise UsageError(
            f"adapter={_kind(config)}: {type(base).__name__} takes no virtual tokens "
            f"({str(error).splitlines()[0].rstrip('.')}): take adapter=lora."
        ) from error


def _kind(config: Any) -> str:
    return "prefix" if config.peft_type == PeftType.PREFIX_TUNING else "prompt"
