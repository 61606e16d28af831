"""A network as it is before its training, for trials."""

import torch
from transformers import PreTrainedModel

from shipworthy.models.adapters.nf4 import Quantizer
from shipworthy.models.causal_lm.base import base_folder
from shipworthy.models.causal_lm.network import load_network
from shipworthy.models.causal_lm.schema import CausalLM


def load(config: CausalLM, dtype: torch.dtype, quantizer: Quantizer | None) -> PreTrainedModel:
    """The base model.

    Raises:
        ArtifactError: it was not fetched.
    """
    return load_network(base_folder(config), dtype=dtype, quantizer=quantizer)
