"""The winner, measured on validation rows that no trial saw: the best of many looks better than it is."""

from pathlib import Path
from typing import Any

from shipworthy.core.artifact import read_artifact
from shipworthy.core.errors import ShipworthyError
from shipworthy.core.files import write_json
from shipworthy.evaluation.intervals import wilson
from shipworthy.evaluation.scores import correct
from shipworthy.evaluation.tasks.schema import Task
from shipworthy.models import parquet
from shipworthy.models.build import load
from shipworthy.models.dataset import split, unseen
from shipworthy.models.documents import documents, predict
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
    found: dict[str, Any] = {
        "trial": trial["number"],
        "run_id": trial["run_id"],
        "params": trial["params"],
        "overrides": trial["overrides"],
        "metric": task.metric,
        "chosen_among": sum(one["state"] == "finished" for one in campaign.trials()),
        "seen": _share(parquet.read(checkpoint.file(ANSWERS))["correct"].to_list()),
        "unseen": None,
    }
    if share < 1:
        rows = unseen(split(artifact, "validation"), share)
        answers = predict(load(checkpoint.path), rows.drop("answer"))
        found["unseen"] = _share([bool(one) for one in correct(task, answers, documents(rows)["answer"].to_list())])
    write_json(campaign.folder / WINNER, found)


def _share(right: list[bool]) -> dict[str, Any]:
    return {**wilson(sum(right), len(right)).to_json(), "rows": len(right), "correct": sum(right)}
