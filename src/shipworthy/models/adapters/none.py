"""No adapter: the network's own weights are trained, all of them or those above a layer."""

import re

from transformers import PreTrainedModel

from shipworthy.models.adapters.schema import NoAdapter

LAYER = re.compile(r"\.(\d+)\.")
"""The first number in a parameter's name is its layer."""


def attach(network: PreTrainedModel, config: NoAdapter) -> PreTrainedModel:
    """The network itself, with what is not to be trained frozen."""
    ends = filter(None, (network.get_input_embeddings(), network.get_output_embeddings()))
    embeddings = {id(parameter) for end in ends for parameter in end.parameters()}
    for name, parameter in network.named_parameters():
        layer = LAYER.search(f".{name}")
        if id(parameter) in embeddings:
            parameter.requires_grad_(config.embeddings)
        else:
            parameter.requires_grad_(layer is None or int(layer[1]) >= config.first_layer)
    return network
