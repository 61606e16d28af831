"""What the validation rows of a training say of its metric.

N rows   U units: rows, or groups of them
"""

from math import ceil, sqrt
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from shipworthy.core.files import read_json
from shipworthy.evaluation import predictions
from shipworthy.evaluation.metric import metric
from shipworthy.evaluation.resampling import Array, Resampling
from shipworthy.models import parquet

ANSWERS = "validation.parquet"


def rows(checkpoint: Path) -> int:
    """How many rows a training was validated on; 0: it kept none."""
    answers = checkpoint / ANSWERS
    return parquet.read(answers).height if answers.is_file() else 0


def score(name: str, checkpoint: Path) -> NDArray[np.float64]:
    """What each unit (a validation row, or a group of them) adds to the metric, which is their mean; shape (units,).

    Of a metric of all rows these are pseudo-values of the jackknife that leaves out parts of the rows (Shao and Wu
    1989, Annals of Statistics 17:1176), whose variance is that of the metric over the rows. Shape (1,), the metric
    alone, where the run kept no rows, or the metric has no value without one of the parts.

    Args:
        name: of the deciding metric.
        checkpoint: the folder of a training that came to an end.
    """
    value = float(read_json(checkpoint / "training.json")["selected_metric"])
    if not (answers := checkpoint / ANSWERS).is_file():
        return np.array([value])
    frame = predictions.scored(answers).sort("id")
    scored, how = predictions.rows(frame).astype(np.float64), predictions.resampling(frame)
    if metric(name).KIND == "whole":
        added = _pseudo_values(name, scored, value, how)
    else:
        added = how.sums(scored) * (how.units / how.n)
    return added if abs(added.mean() - value) < 1e-9 * max(1.0, abs(value)) else np.array([value])


def _pseudo_values(name: str, rows: Array, value: float, how: Resampling) -> Array:
    """Shape (parts,), moved so that their mean is the metric's value itself."""
    how = _in_parts(how)
    left_out = np.concatenate([metric(name).statistic(rows, counts) for counts in how.left_out()])
    if np.isnan(left_out).any():
        return np.array([value])
    added: Array = how.units * value - (how.units - 1) * left_out
    added += value - added.mean()
    return added


def _in_parts(how: Resampling) -> Resampling:
    """The rows in parts by chance, about as many as each has rows: to leave out one row says too little of a median."""
    places = np.arange(how.n) if how.clusters is None else np.unique(how.clusters, return_inverse=True)[1]
    parts = np.random.default_rng(how.seed).permutation(how.units) % ceil(sqrt(how.units))
    return Resampling(how.n, parts[places])
