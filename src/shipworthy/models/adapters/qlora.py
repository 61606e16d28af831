"""LoRA on a network whose linear layers are in 4 bits (Dettmers et al. 2023)."""

from functools import partial

import torch
from peft import PeftModel
from transformers import PreTrainedModel

from shipworthy.models.adapters import lora, nf4
from shipworthy.models.adapters.schema import QLora


def quantizer(config: QLora, products: torch.dtype) -> nf4.Quantizer:
    """What is quantized while a network is read."""
    return partial(nf4.settings, double=config.double_quantization, products=products)


def attach(network: PreTrainedModel, config: QLora) -> PeftModel:
    """The network, which was loaded with `quantizer` or has no weights, with LoRA on its linear layers.

    Raises:
        UsageError: `adapter.targets` or `adapter.whole` names what the network does not have.
    """
    if network.device.type == "meta":
        network = nf4.on_meta(network, config.double_quantization)
    return lora.attach(nf4.for_training(network), config)
