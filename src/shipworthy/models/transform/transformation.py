"""A saved transformation on frames: what `prepare` fitted on train, replayed wherever the model goes."""

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import polars as pl
from polars import selectors

from shipworthy.core.artifact import Artifact
from shipworthy.core.errors import ArtifactError
from shipworthy.core.files import read_json
from shipworthy.core.lazy import Lazy
from shipworthy.models.dataset import table
from shipworthy.models.transform.replay import NUMBER, TIME, Columns, Replay, seconds

OPERATIONS = Lazy("shipworthy.models.transform.ops.*")
"""What replay.py loads, which can't say so itself: packages carry it without shipworthy."""
FILE = "fitted.json"
RAW = "raw_validation.parquet"
"""The validation rows as they were before, by which a package is proved."""


class Transformation:
    """From raw columns to those that the model looks at.

    Args:
        saved: the content of fitted.json.
    """

    def __init__(self, saved: Mapping[str, Any]) -> None:
        self.saved = saved
        self.replay = Replay(saved)
        self.touched = [name for name in self.replay.inputs if name in _read(saved["steps"])]

    @staticmethod
    def of(folder: Path) -> "Transformation | None":
        """The one that a dataset's or a model's folder holds, if it has any."""
        return Transformation(read_json(folder / FILE)) if (folder / FILE).is_file() else None

    def apply(self, rows: pl.DataFrame) -> pl.DataFrame:
        """The same rows with the model's columns in the place of the raw ones; other columns stay as they are.

        Raises:
            ArtifactError: a raw column is missing.
        """
        if lacking := [name for name in self.replay.inputs if name not in rows.columns]:
            raise ArtifactError(f"The rows lack the column {lacking[0]}, from which the model's columns are made.")
        columns = arrays(rows, {name: self.replay.inputs[name] for name in self.touched})
        made = {
            name: rows[name] if columns.get(name) is values else _series(name, values)
            for name, values in self.replay(columns).items()
        }
        rest = [name for name in rows.columns if name not in self.touched]
        first = min((rows.columns.index(name) for name in self.touched), default=0)
        before = [name for name in rows.columns[:first] if name in rest]
        after = [name for name in rest if name not in before]
        if clash := sorted(set(made) & set(rest)):
            raise ArtifactError(
                f"The transformation makes a column {clash[0]}, which the rows have already: rename it."
            )
        return pl.DataFrame([*rows.select(before), *made.values(), *rows.select(after)])


def arrays(rows: pl.DataFrame, kinds: Mapping[str, str]) -> Columns:
    """The columns of a frame as the steps want them; column → number, name or time."""
    return {name: _array(rows[name], kind) for name, kind in kinds.items()}


def _array(values: pl.Series, kind: str) -> Any:
    if kind == TIME and values.dtype == pl.String:
        return seconds(values)
    if kind == TIME and values.dtype.is_temporal():
        values = values.cast(pl.Datetime("us")).to_physical().cast(pl.Float64) / 1e6
    if kind in {NUMBER, TIME}:
        return values.cast(pl.Float64).fill_null(float("nan")).to_numpy()
    return values.cast(pl.String).to_numpy()


def carry(dataset: Artifact, folder: Path) -> None:
    """Copies a dataset's transformation, if it has one, to the model that was trained on it."""
    if FILE in dataset.manifest.files:
        shutil.copyfile(dataset.file(FILE), folder / FILE)


def raw_validation(dataset: Artifact) -> pl.DataFrame:
    """The validation rows as they come in service: before anything was fitted or divided, and times as text."""
    kept = any(name.partition("/")[0] == RAW for name in dataset.manifest.files)
    rows = table(dataset, RAW.removesuffix(".parquet") if kept else "validation")
    return rows.with_columns(selectors.temporal().cast(pl.String))


def _read(steps: list[dict[str, Any]]) -> set[str]:
    """Every column that a step names."""
    found: set[str] = set()
    for step in steps:
        found |= {step.get("column", "")} | set(step.get("columns", ()))
        for target in step.get("targets", ()):
            found |= {target["column"], *target["features"]}
    return found


def _series(name: str, values: Any) -> pl.Series:
    if values.dtype == object:
        return pl.Series(name, values.tolist(), dtype=pl.String)
    return pl.Series(name, values, dtype=pl.Float64).fill_nan(None)
