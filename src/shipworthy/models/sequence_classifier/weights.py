"""Fetches the weights that a head is put on."""

from pathlib import Path

from shipworthy.models.causal_lm import weights
from shipworthy.models.sequence_classifier.base import backbone
from shipworthy.models.sequence_classifier.schema import SequenceClassifier


def fetch(config: SequenceClassifier) -> Path:
    """Downloads or links them, unless that is done.

    Raises:
        ShipworthyError: the source cannot be reached, or holds no network that can have a head.
    """
    return weights.fetched(backbone(config))
