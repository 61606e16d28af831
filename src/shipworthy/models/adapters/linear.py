"""The linear layers of a network that an adapter may change."""

from typing import Any

import torch
from peft import LoraConfig
from peft.tuners.tuners_utils import _check_lora_target_modules_mamba
from transformers import PreTrainedModel

from shipworthy.models.causal_lm.structure import LINEAR, features, head_modules


def changeable(network: PreTrainedModel) -> set[str]:
    """Their names, without those of what holds them: not what is behind all layers, nor what PEFT refuses.

    Args:
        network: may stand on torch's meta device.
    """
    behind = {id(module) for name in head_modules(network) for module in network.get_submodule(name).modules()}
    behind.add(id(network.get_output_embeddings()))
    found = {
        name.rpartition(".")[2]
        for name, module in network.named_modules()
        if isinstance(module, LINEAR) and id(module) not in behind and _is_product(module, network)
    }
    return {name for name in found if not _refused(network, name)}


def _is_product(layer: Any, network: PreTrainedModel) -> bool:
    """Whether the layer gives what a linear one does; a router that the family's code makes of one gives more."""
    if type(layer).__module__ != type(network).__module__:
        return True
    inputs, outputs = features(layer)
    with torch.no_grad():
        made = layer(layer.weight.new_zeros(1, inputs))
    return isinstance(made, torch.Tensor) and made.shape == (1, outputs)


def _refused(network: PreTrainedModel, name: str) -> bool:
    """Whether PEFT leaves the layer alone: a state-space model's kernels read its weight without calling it."""
    try:
        _check_lora_target_modules_mamba(LoraConfig(), network, name)
    except ValueError:
        return True
    return False
