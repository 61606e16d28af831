"""A sequence classifier with its adapter, counted."""

import torch
from transformers import AutoModelForSequenceClassification

from shipworthy.core.groups import AdapterConfig
from shipworthy.models.adapters.build import attach
from shipworthy.models.causal_lm.quantities import NetworkQuantities
from shipworthy.models.sequence_classifier.base import base_folder
from shipworthy.models.sequence_classifier.network import CLASSES, config_of
from shipworthy.models.sequence_classifier.schema import SequenceClassifier

TWO = 2
"""Classes of the head that is counted: the number of classes changes little."""


def of(model: SequenceClassifier, adapter: AdapterConfig) -> NetworkQuantities:
    """Of the network that would be trained, without its weights.

    Raises:
        ArtifactError: the base was not fetched.
        UsageError: the adapter names what the network does not have.
    """
    config = config_of(base_folder(model), TWO, CLASSES)
    with torch.device("meta"):
        return NetworkQuantities(attach(AutoModelForSequenceClassification.from_config(config), adapter))
