"""A network's parts, found as transformers finds them: no family's names.

Shapes: N tokens, D width, V vocabulary.

A network predicts each next token, or has a head instead, which gives a row as a whole scores. A head reads the last
token of a row where tokens see what stands before them only, and all of it in an encoder.
"""

import copy
from inspect import signature
from typing import Any

import torch
from torch.nn import Linear, Module, ModuleList
from transformers import PreTrainedModel
from transformers.pytorch_utils import Conv1D

from shipworthy.core.errors import UsageError

POOLER = "pooler"
LINEAR = (Linear, Conv1D)
"""Layers that multiply by a matrix; GPT-2's keep theirs transposed."""


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


def features(layer: Any) -> tuple[int, int]:
    """Inputs and outputs of a linear layer; its weight's own shape may be that of packed bits."""
    if isinstance(layer, Conv1D):
        inputs, outputs = layer.weight.shape
        return inputs, outputs
    return layer.in_features, layer.out_features


def backbone(base: PreTrainedModel) -> Module:
    """What makes the hidden states, without the vocabulary projection.

    Raises:
        UsageError: the network is not divided into the two.
    """
    return base.get_submodule(_backbone_name(base))


def _backbone_name(base: PreTrainedModel) -> str:
    """The nearest module above the layers that takes token ids."""
    name = named_layers(base)[0]
    while name := name.rpartition(".")[0]:
        if "input_ids" in signature(type(base.get_submodule(name)).forward).parameters:
            return name
    raise UsageError(
        f"{type(base).__name__} has no backbone apart from its vocabulary projection: it can't be trained here, take "
        "another model."
    )


def has_head(base: PreTrainedModel) -> bool:
    """Whether the network scores rows, and not each next token."""
    return base.get_output_embeddings() is None


def is_encoder(base: PreTrainedModel) -> bool:
    """Whether its tokens see those after them, too: then its head is more than the one projection of the others."""
    return has_head(base) and not hasattr(base, "score")


def head_modules(base: PreTrainedModel) -> list[str]:
    """Names of the modules with weights that a network's head is made of: none where it has no head.

    They stand beside the backbone; and in some encoders a pooler, which only the head reads, stands in it.
    """
    if not has_head(base):
        return []
    prefix = base.base_model_prefix
    beside = {name: module for name, module in base.named_children() if name != prefix}
    if (pooler := getattr(getattr(base, prefix), POOLER, None)) is not None:
        beside[f"{prefix}.{POOLER}"] = pooler
    return [name for name, module in beside.items() if any(True for _ in module.parameters())]


def outputs(base: PreTrainedModel) -> int:
    """How many scores it gives: of the vocabulary's tokens, or of its head."""
    if has_head(base):
        return int(base.config.num_labels)
    return int(base.config.get_text_config(decoder=True).vocab_size)


def logits(base: PreTrainedModel, hidden_ND: torch.Tensor) -> torch.Tensor:
    """The vocabulary projection as the family computes it, with its scaling and soft cap: logits_NV.

    It is the network's own forward pass, on a copy that shares all weights and whose backbone hands on what it is
    given.
    """
    *above, name = _backbone_name(base).split(".")
    rest = part = copy.copy(base)
    for child in above:
        part = _with(part, child, copy.copy(part._modules[child]))
    _with(part, name, _Given())
    output_1NV: torch.Tensor = rest(inputs_embeds=hidden_ND[None], use_cache=False).logits
    return output_1NV[0]


def _with(module: Module, name: str, child: Any) -> Any:
    """Gives a copied module another child, which the original does not see."""
    module.__dict__["_modules"] = {**module._modules, name: child}
    return child


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
