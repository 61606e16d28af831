"""A network that is trained: with an adapter on it, or without one."""

from collections.abc import Mapping
from pathlib import Path
from typing import TypeAlias

import torch
from peft import PeftModel, get_peft_model_state_dict
from safetensors.torch import load_file
from transformers import PreTrainedModel

from shipworthy.core.files import read_json, write_json
from shipworthy.models.adapters import nf4, virtual
from shipworthy.models.causal_lm.checkpoint import ADAPTER, ADAPTER_CONFIG, QUANTIZATION, WHOLE

Network: TypeAlias = PeftModel | PreTrainedModel

WHOLE_BESIDE = "modules_to_save"
"""In the names of modules that are trained whole beside an adapter."""
VIRTUAL = "prompt_encoder."
"""The names of what is trained of virtual tokens begin so."""
ADAPTER_WEIGHTS = "adapter_model.safetensors"


def base_of(network: Network) -> PreTrainedModel:
    """The causal language model itself, with an adapter (if any) in its place."""
    return network.get_base_model() if isinstance(network, PeftModel) else network


def is_added(network: Network, name: str) -> bool:
    """Whether the parameter of that name belongs to the adapter."""
    if not isinstance(network, PeftModel):
        return False
    if virtual.of(base_of(network)):
        return name.startswith(VIRTUAL)
    return any(part in name for part in (network.base_model.prefix, WHOLE_BESIDE))


def trained_of(network: torch.nn.Module) -> dict[str, torch.nn.Parameter]:
    """The weights that an optimizer changes, by their names in the network."""
    return {name: p for name, p in network.named_parameters() if p.requires_grad}


def save(network: Network, folder: Path, base_name: str, weights: Mapping[str, torch.Tensor] | None = None) -> None:
    """Writes what was trained into `folder/adapter`, or, without an adapter, the whole network into `folder/model`.

    Args:
        base_name: what the adapter calls its base model, instead of a path on this machine.
        weights: by their names in the network: the trained ones, or, without an adapter, all; where the network does
            not hold them whole.
    """
    state = dict(weights) if weights is not None else None
    if not isinstance(network, PeftModel):
        network.save_pretrained(str(folder / WHOLE), state_dict=state)
        return
    network.peft_config["default"].base_model_name_or_path = base_name
    # Told that no embedding was trained, PEFT does not ask the hub for the base model.
    network.save_pretrained(str(folder / ADAPTER), save_embedding_layers=False, state_dict=state)
    (folder / ADAPTER / "README.md").unlink(missing_ok=True)
    # PEFT writes sets in an order that is another one in each process.
    config = read_json(folder / ADAPTER / ADAPTER_CONFIG)
    if "target_modules" in config:
        write_json(folder / ADAPTER / ADAPTER_CONFIG, {**config, "target_modules": sorted(config["target_modules"])})
    if how := nf4.of(base_of(network)):
        write_json(folder / ADAPTER / QUANTIZATION, how.plain())


def saved(network: Network, folder: Path) -> dict[str, torch.Tensor]:
    """The trained weights that `save` wrote into a folder, by their names in the network.

    Raises:
        KeyError: the folder lacks one of them.
    """
    if isinstance(network, PeftModel):
        kept = load_file(folder / ADAPTER / ADAPTER_WEIGHTS)
        if virtual.of(base_of(network)):
            return dict(zip(trained_of(network), kept.values(), strict=True))  # one tensor
        # PEFT has names of its own in files; it hands out the tensors themselves.
        named = get_peft_model_state_dict(network, save_embedding_layers=False)
        names = {tensor.data_ptr(): name for name, tensor in named.items()}
        return {name: kept[names[parameter.data_ptr()]] for name, parameter in trained_of(network).items()}
    # transformers writes some families' weights in parts: only it knows how they come together.
    whole = type(network).from_pretrained(str(folder / WHOLE), dtype=network.dtype)
    found = dict(whole.named_parameters())
    return {name: found[name].detach() for name in trained_of(network)}
