"""Tokens of rows as a sequence classifier reads them."""

import polars as pl

from shipworthy.core.progress import say
from shipworthy.evaluation.tasks.schema import Task
from shipworthy.models.quantities import RowLengths
from shipworthy.models.sequence_classifier.base import base_folder
from shipworthy.models.sequence_classifier.schema import SequenceClassifier
from shipworthy.models.sequence_classifier.texts import Texts


def row_lengths(model: SequenceClassifier, task: Task, rows: pl.DataFrame) -> RowLengths:
    """Tokens of the rows' texts, and one target each.

    Raises:
        ArtifactError: the base was not fetched.
    """
    texts = Texts(model, base_folder(model))
    if cut := texts.cut(rows):
        most = f"model.max_length={texts.max_length}"
        say(f"warning: of {cut} of {rows.height} sampled texts the end is left out ({most})")
    return RowLengths([(len(ids), 1) for ids in texts.ids(rows)])
