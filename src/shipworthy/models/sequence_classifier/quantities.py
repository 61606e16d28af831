"""A sequence classifier with its adapter, counted."""

from typing import Any

from transformers import AutoModelForSequenceClassification

from shipworthy.core.groups import AdapterConfig
from shipworthy.models.causal_lm.quantities import NetworkQuantities, of_config
from shipworthy.models.sequence_classifier.base import base_folder
from shipworthy.models.sequence_classifier.network import CLASSES, config_of
from shipworthy.models.sequence_classifier.schema import SequenceClassifier

TWO = 2
"""Classes of the head that is counted: the number of classes changes little."""


def of(model: SequenceClassifier, adapter: AdapterConfig, trainer: Any, *, on_gpu: bool = False) -> NetworkQuantities:
    """Of the network that would be trained, without its weights (see `models/quantities.py`)."""
    config = config_of(base_folder(model), TWO, CLASSES)
    return of_config(config, adapter, trainer, on_gpu=on_gpu, kind=AutoModelForSequenceClassification)
