"""What rows cost under a network's weights as they are, in float32, the same each time."""

import copy
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import torch

from shipworthy.models.adapters import nf4
from shipworthy.models.adapters.network import Network, base_of
from shipworthy.models.causal_lm.fitness import make_batch
from shipworthy.models.causal_lm.packed import Row
from shipworthy.models.losses import losses as usual


@contextmanager
def evaluating(network: torch.nn.Module) -> Iterator[None]:
    """Without dropout, gradients or lower precision; each module is afterwards in the mode in which it was."""
    modes = {module: module.training for module in network.modules()}
    network.eval()
    try:
        with torch.no_grad(), torch.autocast(next(network.parameters()).device.type, enabled=False):
            yield
    finally:
        for module, mode in modes.items():
            module.training = mode


def row_losses(network: Network, rows: Sequence[Row], losses: Callable[..., torch.Tensor] = usual) -> list[float]:
    """Mean loss of each row's targets, computed alone in float32.

    A network in a lower precision is copied, which takes its memory twice more.
    """
    base = base_of(network)
    if any(parameter.is_floating_point() and parameter.dtype != torch.float32 for parameter in base.parameters()):
        base = copy.deepcopy(base)
        torch.nn.Module.float(base)  # transformers' own refuses to cast a network with weights in 4 bits
    with evaluating(base), nf4.computing(base, torch.float32):
        return [float(losses(base, make_batch(base, [row]).to(base.device)).mean()) for row in rows]


@contextmanager
def swapped_weights(network: torch.nn.Module, weights: Mapping[str, torch.Tensor]) -> Iterator[None]:
    """The network with other values in some of its parameters, which are put back bit for bit.

    Args:
        weights: by the parameters' names in the network.

    Raises:
        KeyError: the network has no parameter of that name.
    """
    parameters: dict[str, Any] = dict(network.named_parameters())
    own = {name: parameters[name].detach().clone() for name in weights}
    try:
        with torch.no_grad():
            for name, tensor in weights.items():
                parameters[name].copy_(tensor)
        yield
    finally:
        with torch.no_grad():
            for name, tensor in own.items():
                parameters[name].copy_(tensor)
