"""The winner, measured on validation rows that no trial saw: the best of many looks better than it is."""

from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from shipworthy.core.artifact import read_artifact
from shipworthy.core.errors import ShipworthyError
from shipworthy.core.files import write_json
from shipworthy.evaluation import predictions, scores
from shipworthy.evaluation.resampling import Resampling
from shipworthy.evaluation.tasks.schema import Task
from shipworthy.models.build import load
from shipworthy.models.dataset import split, unseen
from shipworthy.models.documents import documents, predict
from shipworthy.models.rows import groups
from shipworthy.track.hpo.campaign import WINNER, Campaign

ANSWERS = "validation.parquet"


def measure(campaign: Campaign, task: Task, dataset: Path) -> None:
    """Writes winner.json: the best trial with its metric on the rows that chose it, and on those that did not.

    Of several objectives it is the best in the first, of those that no other beats.

    Args:
        dataset: the artifact's folder.

    Raises:
        ShipworthyError: the dataset is another one by now.
    """
    best = campaign.best(campaign.trials())
    if not best:
        return
    trial, share = best[0], 1 - campaign.settings.unseen
    checkpoint = read_artifact(campaign.runs / trial["run_id"] / "checkpoint", "checkpoint")
    artifact = read_artifact(dataset, "dataset")
    if artifact.digest != checkpoint.manifest.inputs["dataset"]:
        raise ShipworthyError(f"{dataset} is not what trial {trial['number']} was trained on: check that out again.")
    seen = predictions.scored(checkpoint.file(ANSWERS))
    found: dict[str, Any] = {
        "trial": trial["number"],
        "run_id": trial["run_id"],
        "params": trial["params"],
        "overrides": trial["overrides"],
        "metric": task.metric,
        "chosen_among": sum(one["state"] == "finished" for one in campaign.trials()),
        "seen": _measured(task.metric, predictions.rows(seen), predictions.resampling(seen)),
        "unseen": None,
    }
    if share < 1:
        rows = unseen(split(artifact, "validation"), share)
        asked = documents(rows)
        answered = predict(load(checkpoint.path), rows.drop("answer"))
        scored = scores.decided(task, answered, asked["answer"].to_list())
        found["unseen"] = _measured(task.metric, scored, Resampling(asked.height, groups(asked)))
    write_json(campaign.folder / WINNER, found)


def _measured(metric: str, scored: NDArray[Any], how: Resampling) -> dict[str, Any]:
    return {**scores.interval(metric, scored, how).to_json(), "rows": how.n}
