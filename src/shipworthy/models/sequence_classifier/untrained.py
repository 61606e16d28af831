"""A network as it is before its training, for trials."""

import torch
from transformers import PreTrainedModel

from shipworthy.models.adapters.nf4 import Quantizer
from shipworthy.models.sequence_classifier.base import base_folder
from shipworthy.models.sequence_classifier.network import Head, load_with_head
from shipworthy.models.sequence_classifier.schema import SequenceClassifier

TWO = Head(("no", "yes"))


def load(config: SequenceClassifier, dtype: torch.dtype, quantizer: Quantizer | None) -> PreTrainedModel:
    """The network with a head for two classes.

    Raises:
        ArtifactError: its base was not fetched.
    """
    return load_with_head(base_folder(config), TWO, dtype=dtype, quantizer=quantizer)
