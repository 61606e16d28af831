"""Puts an adapter on a network, or on none: after it, what requires a gradient is what is trained."""

import torch
from transformers import PreTrainedModel

from shipworthy.core.errors import UsageError
from shipworthy.core.groups import AdapterConfig
from shipworthy.core.lazy import Lazy
from shipworthy.models.adapters.fused import fuse
from shipworthy.models.adapters.network import Network
from shipworthy.models.adapters.nf4 import Quantizer
from shipworthy.models.causal_lm.structure import layers
from shipworthy.models.precision import PRECISIONS, Precision

FLOAT32 = PRECISIONS["float32"]
KINDS = Lazy("shipworthy.models.adapters.{adapter.kind}")


def quantizer(config: AdapterConfig, precision: Precision = FLOAT32) -> Quantizer | None:
    """How the network is to be loaded to which this adapter is added; None: as it is."""
    kind = KINDS.load(config)
    made: Quantizer | None = kind.quantizer(config, precision.rounding) if hasattr(kind, "quantizer") else None
    return made


def build(network: PreTrainedModel, config: AdapterConfig, seed: int, precision: Precision = FLOAT32) -> Network:
    """The network as it is trained; with the fused training steps of `fused.py`, unless weights are cast for products.

    The seed is set here, before new weights are drawn.

    Args:
        network: loaded with `quantizer`.

    Raises:
        UsageError: the adapter names what the network does not have.
    """
    torch.manual_seed(seed)
    adapted = attach(network, config)
    if precision.products is None:
        fuse(adapted)
    return adapted


def attach(network: PreTrainedModel, config: AdapterConfig) -> Network:
    """The network with its adapter; a network without weights (on torch's meta device) will do.

    Raises:
        UsageError: the adapter names what the network does not have.
    """
    count, first = len(layers(network)), getattr(config, "first_layer", 0)
    if not 0 <= first < count:
        raise UsageError(f"adapter.first_layer={first}: the network has layers 0 to {count - 1}.")
    adapted: Network = KINDS.load(config).attach(network, config)
    return adapted
