"""Predictions by row, on disk: id, prediction, score, and `correct` once they were scored."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from shipworthy.core.errors import ArtifactError
from shipworthy.models import parquet
from shipworthy.models.protocol import Prediction


def write(
    path: Path, ids: pl.Series, predictions: Sequence[Prediction], correct: NDArray[np.bool_] | None = None
) -> None:
    """One row per prediction, in the order of `ids`.

    Raises:
        ValueError: not as many predictions as ids.
    """
    if len(ids) != len(predictions):
        raise ValueError(f"{len(predictions)} predictions beside {len(ids)} ids")
    path.parent.mkdir(parents=True, exist_ok=True)
    columns = {
        "id": ids,
        "prediction": pl.Series([p.text for p in predictions], dtype=pl.String),
        "score": pl.Series([p.score for p in predictions], dtype=pl.Float64),
    }
    pl.DataFrame(columns if correct is None else {**columns, "correct": correct}).write_parquet(path)


def read(path: Path, ids: pl.Series) -> list[Prediction]:
    """The predictions of the rows `ids`, in that order.

    Raises:
        ArtifactError: they are of other rows.
    """
    frame = parquet.read(path)
    if frame["id"].to_list() != ids.to_list():
        raise ArtifactError(f"{path} holds predictions of other rows than the dataset's: run its stage again.")
    return [Prediction(text, score) for text, score in frame.select("prediction", "score").iter_rows()]
