"""Predictions by row, on disk, and what a metric says of each row once they were scored.

id              of the document
prediction      its text
probabilities   class → probability, a struct (null: not known)
number          the answer as a number (null: it is none)
low, high       its interval (null: it has none)
scored          by the deciding metric: bool, float, or an array of floats (see metric.Metric.score)
correct         right or wrong, where the task's usual metric says so
group           rows of one group belong together, where data.split.group_columns says so
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from shipworthy.core.errors import ArtifactError
from shipworthy.evaluation.resampling import Resampling
from shipworthy.models import parquet
from shipworthy.models.probabilities import known_classes, of_all, of_rows
from shipworthy.models.protocol import Prediction

SCORED, CORRECT, GROUP = "scored", "correct", "group"


def write(
    path: Path, ids: pl.Series, predictions: Sequence[Prediction], more: Mapping[str, NDArray[Any] | None] | None = None
) -> None:
    """One row per prediction, in the order of `ids`.

    Args:
        more: the columns `scored`, `correct` and `group`, shape (n, ...) each; None where there is none.

    Raises:
        ValueError: not as many predictions as ids.
    """
    if len(ids) != len(predictions):
        raise ValueError(f"{len(predictions)} predictions beside {len(ids)} ids")
    path.parent.mkdir(parents=True, exist_ok=True)
    columns = {
        "id": ids,
        "prediction": pl.Series([p.text for p in predictions], dtype=pl.String),
        "probabilities": _probabilities(predictions),
        **{
            name: pl.Series([getattr(p, name) for p in predictions], dtype=pl.Float64)
            for name in ("number", "low", "high")
        },
        **{name: column(values) for name, values in (more or {}).items() if values is not None},
    }
    pl.DataFrame({name: one.alias(name) for name, one in columns.items()}).write_parquet(path)


def read(path: Path, ids: pl.Series) -> list[Prediction]:
    """The predictions of the rows `ids`, in that order.

    Raises:
        ArtifactError: they are of other rows.
    """
    frame = parquet.read(path)
    if frame["id"].to_list() != ids.to_list():
        raise ArtifactError(f"{path} holds predictions of other rows than the dataset's: run its stage again.")
    # What was written before predictions had probabilities, numbers and intervals has none.
    known, *numbers = (
        frame[name] if name in frame.columns else pl.Series([None] * frame.height, dtype=pl.Null)
        for name in ("probabilities", "number", "low", "high")
    )
    return [Prediction(*one) for one in zip(frame["prediction"], _by_class(known), *numbers, strict=True)]


def scored(path: Path) -> pl.DataFrame:
    """The columns id, scored and, where there is one, group, of predictions that were scored.

    What was written before metrics were told apart by their kind has `correct` alone: right or wrong by its metric.
    """
    frame = parquet.read(path)
    if SCORED not in frame.columns:
        frame = frame.with_columns(pl.col(CORRECT).alias(SCORED))
    return frame.select("id", SCORED, *([GROUP] if GROUP in frame.columns else []))


def rows(frame: pl.DataFrame, name: str = SCORED) -> NDArray[Any]:
    """A column of scores as the metrics take it; shape (n, ...)."""
    return frame[name].to_numpy()


def column(values: NDArray[Any]) -> pl.Series:
    """What a metric says of rows, shape (n, ...), as a column; `rows` reads it."""
    if values.ndim == 1:
        return pl.Series(values)
    flat = np.ascontiguousarray(values, dtype=np.float64)
    return pl.Series(flat, dtype=pl.Array(pl.Float64, flat.shape[1:]))


def resampling(frame: pl.DataFrame, seed: int = 0, alpha: float = 0.01) -> Resampling:
    """How the rows of such a table are drawn again: by their groups, where it has any."""
    groups = frame[GROUP].to_numpy() if GROUP in frame.columns else None
    return Resampling(frame.height, groups, seed, alpha)


def _probabilities(predictions: Sequence[Prediction]) -> pl.Series:
    """A struct with a field for each class; rows of which nothing is known are null."""
    there_N = np.array([p.probabilities is not None for p in predictions], dtype=bool)
    known = [p.probabilities for p in predictions if p.probabilities is not None]
    classes = known_classes(known)
    if not classes:
        return pl.Series([None] * len(predictions), dtype=pl.Null)
    values_NK = np.zeros((len(predictions), len(classes)))
    values_NK[there_N] = of_all(known, classes)
    by_class = dict(zip(classes, values_NK.T, strict=True))
    struct = pl.DataFrame(by_class).to_struct("probabilities")
    return pl.select(pl.when(pl.Series(there_N)).then(struct)).to_series()


def _by_class(column: pl.Series) -> Sequence[Mapping[str, float] | None]:
    if column.dtype == pl.Null:
        return [None] * len(column)
    table = column.struct.unnest()
    every = of_rows(tuple(table.columns), table.to_numpy(order="c"))
    return [one if there else None for one, there in zip(every, column.is_not_null(), strict=True)]
