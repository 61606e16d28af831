"""The winner and the recipe itself, measured on validation rows that no trial saw.

The best of many looks better on the rows that chose it than it is; whether it is better than the recipe is tested on
others, in pairs.
"""

from pathlib import Path
from typing import Any

import polars as pl
from numpy.typing import NDArray

from shipworthy.core.artifact import Artifact, read_artifact
from shipworthy.core.errors import ShipworthyError
from shipworthy.core.files import write_json
from shipworthy.evaluation import claims, paired, power, predictions, scores
from shipworthy.evaluation.metric import metric
from shipworthy.evaluation.resampling import Resampling
from shipworthy.evaluation.tasks.schema import Task
from shipworthy.models.build import load
from shipworthy.models.dataset import split, unseen
from shipworthy.models.documents import documents, predict
from shipworthy.models.rows import groups
from shipworthy.track.hpo.campaign import WINNER, Campaign, Trial

ANSWERS = "validation.parquet"


def measure(campaign: Campaign, task: Task, dataset: Path) -> None:
    """Writes winner.json: the best trial with its metric on the rows that chose it, and on those that did not.

    Of several objectives it is the best in the first, of those that no other beats. Where the recipe itself is another
    trial, and finished, it is measured too, and `against_recipe` says how the two compare on the unseen rows: `claim`
    (see claims.Claim) and `rows_needed`, on which a gain as large as `gain` is shown. `validation_rows` are all.

    Args:
        dataset: the artifact's folder.

    Raises:
        ShipworthyError: the dataset is another one by now.
    """
    trials = campaign.trials()
    best = campaign.best(trials)
    if not best:
        return
    winner, recipe = best[0], _recipe(campaign, trials)
    artifact = read_artifact(dataset, "dataset")
    rows, share = split(artifact, "validation"), 1 - campaign.settings.unseen
    new = unseen(rows, share) if share < 1 else None
    mine, scored = _measured(campaign, task, artifact, winner, new)
    found: dict[str, Any] = {
        "trial": winner["number"],
        "run_id": winner["run_id"],
        "params": winner["params"],
        "overrides": winner["overrides"],
        "metric": task.metric,
        "chosen_among": sum(one["state"] == "finished" for one in trials),
        "validation_rows": documents(rows).height,
        **mine,
        "recipe": None,
        "against_recipe": None,
    }
    if recipe is not None and recipe["run_id"] != winner["run_id"]:
        theirs, reference = _measured(campaign, task, artifact, recipe, new)
        found["recipe"] = {"trial": recipe["number"], "run_id": recipe["run_id"], **theirs}
        if new is not None and scored is not None and reference is not None:
            found["against_recipe"] = _compared(task, scored, reference, _resampling(new, task.criteria.alpha))
    write_json(campaign.folder / WINNER, found)


def _recipe(campaign: Campaign, trials: list[Trial]) -> Trial | None:
    """The trial that is the recipe itself, if it finished."""
    found = (one for one in trials if one["state"] == "finished" and campaign.recipe(one["number"]) is not None)
    return next(found, None)


def _measured(
    campaign: Campaign, task: Task, dataset: Artifact, trial: Trial, new: pl.DataFrame | None
) -> tuple[dict[str, Any], NDArray[Any] | None]:
    """Its metric on the rows that the search chose by (`seen`) and on the others (`unseen`), and the latter's scores.

    Args:
        new: rows that no trial saw (None: there are none).
    """
    checkpoint = read_artifact(campaign.runs / trial["run_id"] / "checkpoint", "checkpoint")
    if dataset.digest != checkpoint.manifest.inputs["dataset"]:
        raise ShipworthyError(
            f"{dataset.path} is not what trial {trial['number']} was trained on: check that out again."
        )
    seen = predictions.scored(checkpoint.file(ANSWERS))
    found: dict[str, Any] = {
        "seen": _figure(task.metric, predictions.rows(seen), predictions.resampling(seen)),
        "unseen": None,
    }
    if new is None:
        return found, None
    answered = predict(load(checkpoint.path), new.drop("answer"))
    scored = scores.decided(task, answered, documents(new)["answer"].to_list())
    found["unseen"] = _figure(task.metric, scored, _resampling(new))
    return found, scored


def _compared(task: Task, winner: NDArray[Any], recipe: NDArray[Any], how: Resampling) -> dict[str, Any]:
    """The winner against the recipe on the same rows, and how many rows would show a gain."""
    criteria = task.criteria
    pair = paired.pair(metric(task.metric), winner, recipe, how)
    margin = claims.margin_of(task.metric, criteria.margin, scores.value(task.metric, recipe)) or None
    (claim,) = claims.decide(task.metric, [pair], criteria.alpha, margin)
    gain = max(claim.gain, margin or 0.0)
    needed = power.rows_for(pair, gain, criteria.alpha)
    return {"claim": claim.to_json(), "gain": gain, "rows_needed": needed, "power": power.POWER}


def _figure(name: str, scored: NDArray[Any], how: Resampling) -> dict[str, Any]:
    return {**scores.interval(name, scored, how).to_json(), "rows": how.n}


def _resampling(rows: pl.DataFrame, alpha: float = 0.01) -> Resampling:
    asked = documents(rows)
    return Resampling(asked.height, groups(asked), alpha=alpha)
