"""Weights of linear layers in 4 bits by bitsandbytes, NF4 (Dettmers et al. 2023): while they are read, and counted.

A block of 64 weights shares a scale; with double quantization, scales have 8 bits and 256 of them share another.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any, TypeAlias

import torch
from torch.nn import Parameter
from transformers import BitsAndBytesConfig, PreTrainedModel
from transformers.pytorch_utils import Conv1D

from shipworthy.core.errors import UsageError
from shipworthy.core.files import read_json
from shipworthy.models.adapters.linear import changeable
from shipworthy.models.causal_lm.checkpoint import QUANTIZATION
from shipworthy.models.causal_lm.structure import named_layers

Quantizer: TypeAlias = Callable[[PreTrainedModel], BitsAndBytesConfig]
"""Given a network without weights: which of them are quantized while they are read, and how."""
BLOCK, SCALES = 64, 256


@dataclass(frozen=True)
class NF4:
    """How weights are kept.

    Attributes:
        double: whether the scales are quantized too.
        dtype: of the weights that are quantized, and of all that are not.
    """

    double: bool
    dtype: torch.dtype

    def plain(self) -> dict[str, Any]:
        """For a JSON file."""
        return {"type": "nf4", "double": self.double, "dtype": str(self.dtype).removeprefix("torch.")}


def read(folder: Path) -> NF4 | None:
    """How the base was quantized that an adapter was trained on; None: it was not."""
    if not (folder / QUANTIZATION).is_file():
        return None
    kept = read_json(folder / QUANTIZATION)
    return NF4(kept["double"], getattr(torch, kept["dtype"]))


def settings(network: PreTrainedModel, double: bool, products: torch.dtype) -> BitsAndBytesConfig:
    """What transformers is told when it loads a network of this shape.

    Args:
        network: may stand on torch's meta device.
        products: the type that weights are brought back to for a product.

    Raises:
        UsageError: none of its layers can be quantized.
    """
    kept = layers(network)
    others = [name for name, module in network.named_modules() if _is_linear(module) and name not in kept]
    if not kept:
        raise UsageError(
            f"adapter=qlora: {type(network).__name__} has no linear layers of torch's own class, and no others are "
            "quantized: take adapter=lora."
        )
    return BitsAndBytesConfig(
        load_in_4bit=True,
        bnb_4bit_quant_type="nf4",
        bnb_4bit_use_double_quant=double,
        bnb_4bit_compute_dtype=products,
        llm_int8_skip_modules=others,
    )


def layers(network: PreTrainedModel) -> list[str]:
    """Names of the modules that are kept in 4 bits: the linear layers that an adapter may change.

    A module of another class than torch's, such as a router, and what the family keeps in 32 bits, stay as they are.
    """
    place, names = named_layers(network)[0], changeable(network)
    exact = tuple(network._keep_in_fp32_modules or ())
    return [
        name
        for name, module in network.named_modules()
        if name.startswith(f"{place}.") and name.rpartition(".")[2] in names and _is_linear(module)
        if not any(part in name.split(".") for part in exact)
    ]


def _is_linear(module: Any) -> bool:
    return type(module) in (torch.nn.Linear, Conv1D)


def on_meta(network: PreTrainedModel, double: bool) -> PreTrainedModel:
    """A network without weights, with layers in 4 bits."""
    from transformers.integrations import replace_with_bnb_linear

    asked = settings(network, double, network.dtype)
    replace_with_bnb_linear(network, asked.llm_int8_skip_modules, asked)
    network.is_loaded_in_4bit = True  # which PEFT looks for
    return network


def for_training(network: PreTrainedModel) -> PreTrainedModel:
    """Keeps bitsandbytes from packing weights at the first pass without a gradient.

    It does so where a processor has AVX-512 bf16, for a product that rounds to 16 bits and has no gradient, and never
    unpacks them: after a validation the training would go on without what comes from below.
    """
    for module in network.modules():
        if hasattr(module, "support_avx512bf16_for_cpu"):
            module.support_avx512bf16_for_cpu = False
    return network


@contextmanager
def computing(network: torch.nn.Module, dtype: torch.dtype) -> Iterator[None]:
    """In the block, weights in 4 bits are brought back to another type for their products."""
    before = {module: module.compute_dtype for module in network.modules() if hasattr(module, "compute_dtype")}
    try:
        for module in before:
            module.compute_dtype = dtype
        yield
    finally:
        for module, own in before.items():
            module.compute_dtype = own


def of(network: PreTrainedModel) -> NF4 | None:
    """How a network's layers are quantized; None: they are not."""
    asked = getattr(network.config, "quantization_config", None)
    return NF4(asked.bnb_4bit_use_double_quant, network.dtype) if isinstance(asked, BitsAndBytesConfig) else None


@torch.no_grad()
def round_weights(network: PreTrainedModel, how: NF4) -> None:
    """Gives a network in full precision the values that it would have in 4 bits."""
    from bitsandbytes.functional import dequantize_4bit, quantize_4bit

    for name in layers(network):
        layer: Any = network.get_submodule(name)
        weight_OI = layer.weight.T if isinstance(layer, Conv1D) else layer.weight
        packed, state = quantize_4bit(
            weight_OI.to(how.dtype).contiguous(), blocksize=BLOCK, compress_statistics=how.double, quant_type="nf4"
        )
        weight_OI.copy_(dequantize_4bit(packed, state))


def numbers(parameter: Parameter) -> int:
    """How many weights a parameter holds; packed ones have a shape of their own."""
    state = getattr(parameter, "quant_state", None)
    return int(prod(state.shape)) if state is not None else parameter.numel()


def size(parameter: Parameter) -> int:
    """Bytes that it takes, its scales included."""
    count = numbers(parameter)
    if not hasattr(parameter, "quant_type"):
        return count * int(parameter.element_size())
    scales = -(-count // BLOCK)
    scale_bytes = scales + 4 * -(-scales // SCALES) if parameter.compress_statistics else 4 * scales
    return count // 2 + scale_bytes
