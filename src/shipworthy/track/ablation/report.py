"""From an ablation's trainings to its table."""

from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from shipworthy.core import yaml_text
from shipworthy.core.errors import ShipworthyError
from shipworthy.core.files import read_json, write_json
from shipworthy.models import parquet
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
    scores = {training: _score(checkpoint) for training, checkpoint in ended.items()}
    if len({len(one) for one in scores.values()}) > 1:
        raise ShipworthyError(
            f"the trainings of {folder.name} were validated on different rows, so they can't be compared: a change may "
            "not touch task, data, trainer.validation_rows or validation_share."
        )
    found = contributions(config, planned, scores)
    base = [float(score.mean()) for training, score in scores.items() if not training.changed]
    write_json(folder / TABLE, {"design": config.design, "recipe": base, "rows": [one.to_json() for one in found]})


def _score(checkpoint: Path) -> NDArray[np.float64]:
    """Right or wrong by row, where the run kept it; else its metric alone."""
    training = read_json(checkpoint / "training.json")
    if (answers := checkpoint / "validation.parquet").is_file():
        right = parquet.read(answers).sort("id")["correct"].cast(pl.Float64).to_numpy()
        if abs(right.mean() - training["selected_metric"]) < 1e-9:
            return right
    return np.array([float(training["selected_metric"])])
