"""Gate: the features are distributed as in a reference."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import polars as pl
from scipy import stats

from shipworthy.core.artifact import read_artifact
from shipworthy.core.errors import ShipworthyError, UsageError
from shipworthy.core.project import project_root
from shipworthy.data.columns import as_names
from shipworthy.data.gates.auc import auc
from shipworthy.data.gates.interface import GateInput, GateResult, Measurement
from shipworthy.data.gates.model_settings import Drift
from shipworthy.data.gates.out_of_fold import binned, edges, is_free_text, out_of_fold_probabilities
from shipworthy.data.hash_sampling import sample
from shipworthy.data.sources.files import frame_of
from shipworthy.evaluation.intervals import Interval
from shipworthy.evaluation.paired import holm
from shipworthy.models.dataset import SPLITS, scan
from shipworthy.models.documents import CHUNK_OF
from shipworthy.models.transform.transformation import FILE

SMOOTH = 0.5
"""Rows that are added to every bin, so that the index of an empty one is finite."""


def check(config: Drift, inputs: GateInput) -> GateResult:
    """Tests each feature by itself, then all together by a classifier of reference against current rows.

    Raises:
        UsageError: the reference cannot be read, or lacks a feature.
    """
    current = sample(inputs.rows, inputs.size, f"drift {inputs.seed}")
    reference = _reference(config.reference, inputs)
    return compare(config, reference, current, inputs.features, inputs.seed)


def compare(
    config: Drift, reference: pl.DataFrame, current: pl.DataFrame, features: Mapping[str, pl.DataType], seed: int
) -> GateResult:
    """`check` on two frames that hold the features; `current` also holds `cluster`."""
    effects, p_values = [], []
    for name in features:
        column, p_value = _column(config, reference[name], current[name], text=is_free_text(reference, name))
        effects.append(column)
        p_values.append(p_value)
    measurements, violations = [number for column in effects for number in column], []
    for name, column, p_value in zip(features, effects, holm(p_values), strict=True):
        worst = max(column, key=lambda number: number.value / max(number.limit, 1e-9))
        if worst.value > worst.limit and p_value < config.significance:
            violations.append(
                f"{name} has drifted: {worst.name} {worst.value:.3f} is above {worst.limit:g} (p = {p_value:.2g})"
            )
    area = _domain(config, reference, current, features, seed)
    measurements.append(Measurement("AUC of telling the two sets apart", area.value, config.auc, area.low, area.high))
    if area.low > config.auc:
        violations.append(
            f"a model separates the two sets with an AUC of {area.value:.3f} ({area.low:.3f} to {area.high:.3f})"
        )
    return GateResult(violations, current.height, measurements)


def psi(reference: pl.Series, current: pl.Series) -> float:
    """The population stability index of two categorical columns; missing is a category (Siddiqi 2006, chapter 9)."""
    counts = _counts(reference, current) + SMOOTH
    old, new = (counts / counts.sum(axis=0)).T
    return float(((new - old) * np.log(new / old)).sum())


def _counts(reference: pl.Series, current: pl.Series) -> "np.ndarray[tuple[int, int], np.dtype[np.float64]]":
    """Rows per category and set: shape (categories, 2)."""
    names = pl.concat([reference, current]).unique().sort().to_frame("name")
    for set_name, column in (("old", reference), ("new", current)):
        rows = column.alias("name").to_frame().group_by("name").agg(pl.len().alias(set_name))
        names = names.join(rows, on="name", how="left", nulls_equal=True, maintain_order="left")
    return names.select(pl.col("old", "new").fill_null(0).cast(pl.Float64)).to_numpy()


def _column(config: Drift, reference: pl.Series, current: pl.Series, *, text: bool) -> tuple[list[Measurement], float]:
    """The effect sizes of one feature, and the p-value of its test; texts are compared by their length."""
    name = reference.name
    if text:
        name, reference, current = f"length of {name}", reference.str.len_chars(), current.str.len_chars()
    if reference.dtype.is_numeric():
        bounds = edges(reference)
        index = psi(binned(reference, bounds), binned(current, bounds))
        old, new = reference.drop_nulls().to_numpy(), current.drop_nulls().to_numpy()
        found = stats.ks_2samp(old, new) if len(old) and len(new) else None
        distance, p_value = (float(found.statistic), float(found.pvalue)) if found else (0.0, 1.0)
        missingness = _association(reference.is_null().cast(pl.String), current.is_null().cast(pl.String))
        measurements = [
            Measurement(f"PSI of {name}", index, config.psi),
            Measurement(f"KS distance of {name}", distance, config.ks),
        ]
        return measurements, min(1.0, 2 * min(p_value, missingness[1]))
    index, (v, p_value) = psi(reference, current), _association(reference, current)
    return [
        Measurement(f"PSI of {name}", index, config.psi),
        Measurement(f"Cramér's V of {name}", v, config.cramers_v),
    ], p_value


def _association(reference: pl.Series, current: pl.Series) -> tuple[float, float]:
    """Cramér's V of value and set, and the p-value of the chi-square test."""
    counts = _counts(reference, current)
    if len(counts) < 2:
        return 0.0, 1.0
    found = stats.chi2_contingency(counts, correction=False)
    return float(np.sqrt(found.statistic / counts.sum())), float(found.pvalue)


def _domain(
    config: Drift, reference: pl.DataFrame, current: pl.DataFrame, features: Mapping[str, pl.DataType], seed: int
) -> Interval:
    """The area under the ROC curve of a classifier of the set (two-sample test of Lopez-Paz and Oquab 2017)."""
    names, sets = list(features), {"old": reference, "new": current}
    pooled = pl.concat(
        [
            rows.select(*names, pl.format(f"{which} {{}}", pl.int_range(pl.len())).alias("cluster"))
            for which, rows in sets.items()
        ],
        how="vertical_relaxed",
    )
    is_new = np.repeat([False, True], [reference.height, current.height])
    said = out_of_fold_probabilities(pooled, features, is_new, config.folds, f"drift {seed}", "telling the sets apart")
    return auc(is_new, said[:, 1])


def _reference(place: str, inputs: GateInput) -> pl.DataFrame:
    where = f"data.gates.drift.reference={place}"
    try:
        rows = _rows(project_root() / place, where, inputs)
    except ShipworthyError as error:
        said = str(error).rstrip(".")
        raise error if said.startswith(where) else UsageError(f"{where} cannot be used ({said}).") from error
    read = sample(rows, inputs.size, f"drift {inputs.seed}")
    if not read.height:
        raise UsageError(f"{where} holds no rows: give one that does.")
    return read


def _rows(path: Path, where: str, inputs: GateInput) -> pl.LazyFrame:
    """The rows of a dataset's folder or of a file: id and the features, converted as `prepare` converts the data's."""
    if path.is_dir():
        dataset = read_artifact(path, "dataset")
        if FILE in dataset.manifest.files:
            raise UsageError(
                f"{where} holds columns that were fitted, and gates look at raw ones: give the raw file of that "
                "dataset."
            )
        found = pl.concat([scan(dataset, name) for name in SPLITS], how="diagonal_relaxed")
        there = found.collect_schema()
        if CHUNK_OF in there:
            raise UsageError(
                f"{where} holds texts that were divided into chunks, and gates look at whole ones: give the raw file "
                "of that dataset."
            )
        if lacking := [name for name in inputs.features if name not in there]:
            raise UsageError(f"{where} lacks the column {lacking[0]}: give one with all features.")
        wrong = (name for name, kind in inputs.features.items() if kind.is_numeric() != there[name].is_numeric())
        if name := next(wrong, ""):
            raise UsageError(
                f"{where}: its column {name} holds {there[name]}, that of the data {inputs.features[name]}: make them "
                "alike."
            )
        return found.select("id", *(pl.col(name).cast(kind) for name, kind in inputs.features.items()))
    if not path.is_file():
        raise UsageError(f"{where}: there is no dataset's folder, nor a file: correct it.")
    types = {name: "float?" if kind.is_numeric() else "string?" for name, kind in inputs.features.items()}
    frame = frame_of(path, types, inputs.missing_markers)
    names = [name for name, kind in types.items() if kind == "string?"]
    read = as_names(names, inputs.missing_markers, frame)
    return read.with_row_index("id").with_columns(pl.col("id").cast(pl.String)).lazy()
