"""A network's parts, found as transformers finds them: no family's names.

Shapes: N tokens, D width, V vocabulary.
"""

import copy
from typing import Any

import torch
from torch.nn import Linear, Module, ModuleList
from transformers import PreTrainedModel
from transformers.pytorch_utils import Conv1D

from shipworthy.core.errors import UsageError

LINEAR = (Linear, Conv1D)
"""Layers that multiply by a matrix; GPT-2's keep theirs transposed."""


def backbone(base: PreTrainedModel) -> Module:
    """What makes the hidden states, without the vocabulary projection.

    Raises:
        UsageError: the network is not divided into the two.
    """
    found: Module = base.base_model
    if found is base:
        raise UsageError(
            f"{type(base).__name__} has no backbone apart from its vocabulary projection: it can't be trained here, "
            "take another model."
        )
    return found


def named_layers(base: PreTrainedModel) -> tuple[str, ModuleList]:
    """The list of the network's layers, and its name among the modules.

    Raises:
        UsageError: there is none.
    """
    count = base.config.get_text_config(decoder=True).num_hidden_layers
    for name, module in base.named_modules():
        if isinstance(module, ModuleList) and len(module) == count:
            return name, module
    raise UsageError(
        f"{type(base).__name__} does not keep its {count} layers in a list: it can't be trained here, take another "
        "model."
    )


def layers(base: PreTrainedModel) -> ModuleList:
    """The network's layers, from the lowest."""
    return named_layers(base)[1]


def logits(base: PreTrainedModel, hidden_ND: torch.Tensor) -> torch.Tensor:
    """The vocabulary projection as the family computes it, with its scaling and soft cap: logits_NV.

    It is the network's own forward pass, on a copy that shares all weights and whose backbone hands on what it is
    given.
    """
    backbone(base)  # there is one
    rest = copy.copy(base)
    rest.__dict__["_modules"] = {**base._modules, base.base_model_prefix: _Given()}
    output_1NV: torch.Tensor = rest(inputs_embeds=hidden_ND[None], use_cache=False).logits
    return output_1NV[0]


class _Given(Module):
    def forward(self, *_: Any, inputs_embeds: torch.Tensor, **__: Any) -> "_Output":
        return _Output(inputs_embeds)


class _Output(tuple[torch.Tensor]):
    """A backbone's output that holds hidden states alone: by place, by name, and nothing by any other name."""

    def __new__(cls, hidden: torch.Tensor) -> "_Output":
        return super().__new__(cls, (hidden,))

    @property
    def last_hidden_state(self) -> torch.Tensor:
        return self[0]

    def __getattr__(self, name: str) -> None:
        return None
