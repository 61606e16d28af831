"""From an ablation's trainings to its table."""

from math import ceil, sqrt
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from shipworthy.core import yaml_text
from shipworthy.core.errors import ShipworthyError
from shipworthy.core.files import read_json, write_json
from shipworthy.evaluation import predictions
from shipworthy.evaluation.metric import metric
from shipworthy.evaluation.resampling import Array, Resampling
from shipworthy.track.ablation.design import trainings
from shipworthy.track.ablation.schema import Ablation
from shipworthy.track.ablation.table import contributions

PARAMS = "params.yaml"
TABLE = "ablation.json"


def write(folder: Path) -> None:
    """Writes ablation.json into the folder of an ablation's campaign, once a training came to an end.

    Raises:
        ShipworthyError: the trainings were validated on different rows.
    """
    whole = yaml_text.read(folder / PARAMS)
    config = Ablation(**{key: value for key, value in whole["ablation"].items() if key != "kind"})
    planned, runs = trainings(config, whole["seed"]), folder.parents[1]
    records = [read_json(path) for path in sorted((folder / "trials").glob("*.json"))]
    ended = {
        planned[one["number"]]: runs / one["run_id"] / "checkpoint" for one in records if one["state"] == "finished"
    }
    if not ended:
        return
    name = whole["task"]["metric"]
    scores = {training: score(name, checkpoint) for training, checkpoint in ended.items()}
    if any(len(one) == 1 for one in scores.values()):  # what one training's rows can't say, those of all can't
        scores = {training: one.mean(keepdims=True) for training, one in scores.items()}
    if len({len(one) for one in scores.values()}) > 1:
        raise ShipworthyError(
            f"the trainings of {folder.name} were validated on different rows, so they can't be compared: a change may "
            "not touch task, data, trainer.validation_rows or validation_share."
        )
    found = contributions(config, planned, scores, name)
    base = [float(one.mean()) for training, one in scores.items() if not training.changed]
    write_json(folder / TABLE, {"design": config.design, "recipe": base, "rows": [one.to_json() for one in found]})


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
    if not (answers := checkpoint / "validation.parquet").is_file():
        return np.array([value])
    frame = predictions.scored(answers).sort("id")
    rows, how = predictions.rows(frame).astype(np.float64), predictions.resampling(frame)
    if metric(name).KIND == "whole":
        added = _pseudo_values(name, rows, value, how)
    else:
        added = how.sums(rows) * (how.units / how.n)
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
