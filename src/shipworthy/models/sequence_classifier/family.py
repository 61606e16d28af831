"""A trained sequence classifier as a predictor."""

from collections.abc import Sequence
from pathlib import Path

import polars as pl

from shipworthy.models.protocol import Prediction
from shipworthy.models.sequence_classifier.base import base_folder
from shipworthy.models.sequence_classifier.network import Head, load_tuned
from shipworthy.models.sequence_classifier.predict import predicted, scored
from shipworthy.models.sequence_classifier.schema import SequenceClassifier
from shipworthy.models.sequence_classifier.texts import Texts


class TunedClassifier:
    """A trained network, its head and its tokenizer."""

    def __init__(self, config: SequenceClassifier, base: Path, folder: Path) -> None:
        self.head, self.texts, self.network = Head.read(folder), Texts(config, base), load_tuned(base, folder)

    def predict(self, rows: pl.DataFrame) -> Sequence[Prediction]:
        """A class with the probabilities of all, or a number, for each row."""
        return predicted(self.head, scored(self.network, self.texts.ids(rows)))


def load(config: SequenceClassifier, folder: Path) -> TunedClassifier:
    """The model of the checkpoint in `folder`."""
    return TunedClassifier(config, base_folder(config), folder)
