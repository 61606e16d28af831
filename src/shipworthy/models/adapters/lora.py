"""Low-rank updates of linear layers, by PEFT (Hu et al. 2021)."""

import warnings
from typing import Any

import torch
from peft import LoraConfig, PeftModel, get_peft_model
from peft.tuners.tuners_utils import _check_lora_target_modules_mamba
from transformers import PreTrainedModel

from shipworthy.core.errors import UsageError
from shipworthy.models.adapters.schema import Lora
from shipworthy.models.causal_lm.structure import LINEAR, features, has_head, head_modules, named_layers

# PEFT asks for it by its old name.
warnings.filterwarnings("ignore", message=".*is_gradient_checkpointing.*")


def attach(network: PreTrainedModel, config: Lora) -> PeftModel:
    """The network with LoRA on its linear layers; only the updates are trainable.

    Raises:
        UsageError: `adapter.targets` or `adapter.whole` names what the network does not have.
    """
    name, layers = named_layers(network)
    linear = _linear(network)
    for target in config.targets:
        if target != "all-linear" and target not in linear:
            raise UsageError(f"adapter.targets: the network has no linear layer '{target}', but {sorted(linear)}.")
    modules = {name.rpartition(".")[2] for name, _ in network.named_modules()} - {""}
    for part in config.whole:
        if part not in modules or part in linear:
            known = sorted(name for name in modules - linear if not name.isdigit())
            raise UsageError(f"adapter.whole: '{part}' is no module that could be trained whole: choose of {known}.")
    # A head's linear layers may be called as those of the layers are.
    within = bool(config.first_layer) or has_head(network)
    adapted = get_peft_model(
        network,
        LoraConfig(
            r=config.rank,
            lora_alpha=config.alpha,
            lora_dropout=config.dropout,
            use_rslora=config.rslora,
            use_dora=config.dora,
            modules_to_save=[*config.whole, *head_modules(network)] or None,
            target_modules=sorted(linear) if "all-linear" in config.targets else list(config.targets),
            layers_to_transform=list(range(config.first_layer, len(layers))) if within else None,
            layers_pattern=name.rpartition(".")[2] if within else None,
            task_type="SEQ_CLS" if has_head(network) else "CAUSAL_LM",
        ),
    )
    assert isinstance(adapted, PeftModel)
    return adapted


def _linear(network: PreTrainedModel) -> set[str]:
    """Names of the linear layers that may be changed: not what is behind all layers, nor what PEFT refuses."""
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
