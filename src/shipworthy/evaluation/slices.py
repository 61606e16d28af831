"""Every metric on parts of the rows: by a column's names or ranges, by the length of the text, by its language."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from shipworthy.core.artifact import Artifact
from shipworthy.core.errors import UsageError
from shipworthy.evaluation import scores
from shipworthy.evaluation.metric import metric
from shipworthy.evaluation.resampling import Resampling
from shipworthy.models.dataset import info
from shipworthy.models.language import language

LENGTH, LANGUAGE = "length", "language"
"""Names in task.slices that stand for no column, unless the rows have one that is called so."""
LEAST_ROWS = 30
"""Smaller parts are measured together."""
MOST_PARTS = 12
PARTS = 4
"""Ranges of a number, as many rows in each as can be."""
SMALL, EMPTY = "(smaller parts)", "(empty)"
UNSURE = 0.8
"""A language that is less probable than this is not told."""


def check(names: Sequence[str], columns: Sequence[str]) -> None:
    """Checks that each of task.slices is a column that models may look at, LENGTH or LANGUAGE.

    Raises:
        UsageError: one is not.
    """
    for name in names:
        if name not in columns and name not in (LENGTH, LANGUAGE):
            known = ", ".join([*columns, LENGTH, LANGUAGE])
            raise UsageError(f"task.slices names '{name}', which the dataset has not: choose of {known}.")


def of_dataset(names: Sequence[str], dataset: Artifact, asked: pl.DataFrame) -> dict[str, list[str]]:
    """Slice → each document's part.

    Args:
        names: of task.slices.
        asked: the documents of a split.

    Raises:
        UsageError: one of them is no column.
    """
    if not names:
        return {}
    known = info(dataset)
    columns = asked.select("id", *known.features)
    texts = [name for name in known.features if columns.schema[name] == pl.String and name not in known.categorical]
    return {name: parts(columns, name, texts) for name in names}


def parts(rows: pl.DataFrame, name: str, texts: Sequence[str]) -> list[str]:
    """Which part each row is in.

    Args:
        rows: the documents, without their answers.
        name: a column, LENGTH (characters), or LANGUAGE.
        texts: the columns that hold the text of a row.

    Raises:
        UsageError: there is no such column.
    """
    if name in rows.columns:
        column = rows[name]
        return ranges(column) if column.dtype.is_numeric() else [EMPTY if v is None else str(v) for v in column]
    check([name], [one for one in rows.columns if one != "id"])
    if not texts:
        raise UsageError(f"task.slices names '{name}', and no column of the dataset holds text: leave it out.")
    joined = rows.select(pl.concat_str(texts, separator=" ", ignore_nulls=True).alias(name))[name]
    return ranges(joined.str.len_chars()) if name == LENGTH else [_language(text) for text in joined]


def measured(
    name: str, part_of: Sequence[str], by_metric: Mapping[str, NDArray[Any]], how: Resampling
) -> list[dict[str, Any]]:
    """Each part with its rows and metrics, in the order of its name's first row; small ones together.

    Args:
        name: of the slice.
        part_of: each row's part.
        by_metric: metric → scored rows.
    """
    part_N = np.array(_gathered(part_of))
    found = []
    for part in sorted(set(part_N), key=lambda one: (one == SMALL, list(part_of).index(one) if one in part_of else 0)):
        inside = part_N == part
        own = Resampling(int(inside.sum()), None if how.clusters is None else how.clusters[inside], how.seed, how.alpha)
        known = {one: rows[inside] for one, rows in by_metric.items()}
        known = {one: rows for one, rows in known.items() if not np.isnan(scores.value(one, rows))}
        intervals = {one: interval.to_json() for one, interval in scores.intervals(known, own).items()}
        found.append({"slice": name, "part": str(part), "rows": own.n, "metrics": intervals})
    return found


def record(
    name: str, parts_of: Mapping[str, Sequence[str]], by_metric: Mapping[str, NDArray[Any]], how: Resampling
) -> dict[str, Any]:
    """What JSON files say of all slices: `parts`, and which of them is the `worst` by the deciding metric.

    Args:
        name: of the deciding metric.
        parts_of: slice → each row's part.
        by_metric: metric → scored rows.
    """
    found = [one for key, part_of in parts_of.items() for one in measured(key, part_of, by_metric, how)]
    return {"parts": found, "worst": worst(found, name)}


def worst(found: Sequence[Mapping[str, Any]], name: str) -> Mapping[str, Any] | None:
    """The part in which a metric is worst; None if there are no two parts that have it."""
    known = [one for one in found if name in one["metrics"]]
    if len(known) < 2:
        return None
    choose = min if metric(name).GREATER_IS_BETTER else max
    return choose(known, key=lambda one: float(one["metrics"][name]["value"]))


def _gathered(part_of: Sequence[str]) -> list[str]:
    names, counts = np.unique(np.array(part_of), return_counts=True)
    large = sorted(zip(counts, names, strict=True), key=lambda pair: -pair[0])[:MOST_PARTS]
    kept = {str(one) for rows, one in large if rows >= LEAST_ROWS}
    return [one if one in kept else SMALL for one in part_of]


def ranges(column: pl.Series) -> list[str]:
    """Of a number: the ranges between its quartiles, each with its ends."""
    values = column.cast(pl.Float64).to_numpy()
    known = values[~np.isnan(values)]
    if not len(known):
        return [EMPTY] * len(values)
    edges = np.unique(np.quantile(known, np.linspace(0, 1, PARTS + 1)))
    place = np.clip(np.searchsorted(edges, values, side="left") - 1, 0, max(0, len(edges) - 2))
    ends = [f"{edges[i]:.4g} to {edges[min(i + 1, len(edges) - 1)]:.4g}" for i in range(max(1, len(edges) - 1))]
    return [EMPTY if np.isnan(value) else ends[i] for value, i in zip(values, place, strict=True)]


def _language(text: str) -> str:
    code, probability = language(text)
    return code if probability >= UNSURE else "(not sure)"
