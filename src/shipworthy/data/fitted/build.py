"""Fits every chosen method on train; the resulting transformation is applied to all splits and to later raw rows."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

import polars as pl

from shipworthy.core.files import write_json
from shipworthy.core.lazy import Lazy
from shipworthy.data.fitted.encode.schema import ACTIONS
from shipworthy.data.fitted.encode.target import fold_of
from shipworthy.data.fitted.interface import FOLDS, ColumnChoice, FitInput, Learned, Step
from shipworthy.data.fitted.schema import Fitting
from shipworthy.data.fitted.summary import summarize
from shipworthy.models.transform.replay import NAME, NUMBER, TIME
from shipworthy.models.transform.transformation import FILE, Transformation

METHODS = {
    "outliers": Lazy("shipworthy.data.fitted.outliers.{data.fitted.outliers}"),
    "missing": Lazy("shipworthy.data.fitted.missing.{data.fitted.missing}"),
    "encode": Lazy("shipworthy.data.fitted.encode.{data.fitted.encode}"),
}


@dataclass(frozen=True)
class Fitted:
    """What was learned from train.

    Attributes:
        transformation: for validation, test and later raw rows.
        folds: one for each fold of train (empty: `transformation` is applied to train, too).
        rejections: (reason, detail) for raw rows; detail is null for rows that are kept, and outside of train.
        seed: of the folds.
        choices: what was chosen for which column.
    """

    transformation: Transformation
    folds: list[Transformation]
    rejections: list[tuple[str, pl.Expr]]
    seed: int
    choices: list[ColumnChoice] = field(default_factory=list)

    @property
    def changes(self) -> bool:
        """Whether it changes any row."""
        return bool(self.transformation.saved["steps"])

    def apply(self, rows: pl.LazyFrame) -> pl.LazyFrame:
        """The rows (with split and cluster), lazily, with the model's columns instead of the raw ones."""
        schema = self._batch(rows.head(0).collect()).schema
        return rows.map_batches(self._batch, schema=schema, streamable=True)

    def save(self, folder: Path) -> None:
        """Writes fitted.json into a dataset's folder."""
        write_json(folder / FILE, self.transformation.saved)

    def summary(self) -> dict[str, Any]:
        """For the report (fitted.html.j2): number of raw columns and of folds, the choices, what each step learned."""
        saved = self.transformation.saved
        steps = [row for step in saved["steps"] for row in summarize(step)]
        columns = [{**asdict(one), "done": ACTIONS[one.action]} for one in self.choices]
        return {"inputs": len(saved["inputs"]), "folds": len(self.folds), "steps": steps, "columns": columns}

    def _batch(self, rows: pl.DataFrame) -> pl.DataFrame:
        if not self.folds:
            return self.transformation.apply(rows)
        fold = pl.when(pl.col("split") == "train").then(fold_of(rows["cluster"], len(self.folds), self.seed))
        marked = rows.with_row_index("_place").with_columns(fold.alias("_fold"))
        parts = [self.transformation.apply(marked.filter(pl.col("_fold").is_null()))]
        parts += [one.apply(marked.filter(pl.col("_fold") == k)) for k, one in enumerate(self.folds)]
        return pl.concat(parts).sort("_place").drop("_place", "_fold")


def fit(
    config: Fitting, rows: pl.LazyFrame, features: Mapping[str, pl.DataType], seed: int, *, numbers: bool = False
) -> Fitted:
    """Fits the methods on the rows of train; the other splits are not read.

    Args:
        config: which methods, for which columns.
        rows: id, cluster, split, the features and answer, of all splits, in any order.
        features: feature → its type: numbers, days or times, or text.
        seed: of folds and models.
        numbers: whether the answers are numbers, written as text.

    Raises:
        UsageError: a method does not suit a column.
    """
    kinds = {name: kind_of(dtype) for name, dtype in features.items()}
    raw = rows.filter(pl.col("split") == "train").drop("split")
    raw = raw.with_columns(pl.col("answer").cast(pl.Float64)) if numbers else raw
    learned: list[Learned] = []
    for stage in fields(config):
        taken: set[str] = set()
        for method in fields(part := getattr(config, stage.name)):
            if (wanted := getattr(part, method.name)) is not None:
                train = _replayed(_left(raw, learned), kinds, [step for one in learned for step in one.steps])
                folds = max((len(one.folds) for one in learned), default=0) or FOLDS
                module = METHODS[stage.name].load(method.name)
                learned.append(module.fit(wanted, FitInput(train, kinds, seed, frozenset(taken), folds, numbers)))
                taken.update(wanted.columns_named())
    return Fitted(
        transformation=Transformation(_saved(kinds, [one.steps for one in learned])),
        folds=_folds(kinds, learned),
        rejections=[
            (reason, pl.when(pl.col("split") == "train").then(detail))
            for one in learned
            for reason, detail in one.rejections.items()
        ],
        seed=seed,
        choices=[choice for one in learned for choice in one.choices],
    )


def kind_of(dtype: pl.DataType) -> str:
    """Whether a feature holds numbers, times or names."""
    if dtype.is_numeric():
        return NUMBER
    return TIME if dtype == pl.Date or isinstance(dtype, pl.Datetime) else NAME


def _left(rows: pl.LazyFrame, learned: list[Learned]) -> pl.LazyFrame:
    """The rows that no method has rejected so far."""
    rejections = [detail for one in learned for detail in one.rejections.values()]
    return rows.filter(pl.all_horizontal(one.is_null() for one in rejections)) if rejections else rows


def _replayed(rows: pl.LazyFrame, kinds: Mapping[str, str], steps: list[Step]) -> pl.LazyFrame:
    """Train after the steps so far, lazily."""
    if not steps:
        return rows
    so_far = Transformation({"inputs": dict(kinds), "steps": steps})
    return rows.map_batches(so_far.apply, schema=so_far.apply(rows.head(0).collect()).schema, streamable=True)


def _saved(kinds: Mapping[str, str], steps: list[list[Step]]) -> dict[str, Any]:
    return {"inputs": dict(kinds), "steps": [step for some in steps for step in some]}


def _folds(kinds: Mapping[str, str], learned: list[Learned]) -> list[Transformation]:
    k = max((len(one.folds) for one in learned), default=0)
    return [
        Transformation(_saved(kinds, [one.folds[fold] if one.folds else one.steps for one in learned]))
        for fold in range(k)
    ]
