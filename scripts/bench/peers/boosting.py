"""A learning objective for scripts/bench/sweep: XGBoost on Adult, its steps counted, with and without pruning."""

import contextlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from omegaconf import OmegaConf

from shipworthy.core.artifact import Artifact
from shipworthy.execution.campaigns.handle import PrunedError, TrialHandle
from shipworthy.execution.campaigns.worker import Worker
from shipworthy.models.build import create
from shipworthy.models.dataset import split
from shipworthy.models.xgboost.schema import XGBoost
from shipworthy.track.hpo.campaign import Campaign
from shipworthy.track.hpo.schema import Search

ROUNDS, EVERY = 200, 10
"""A whole trial's rounds, and how often it is validated."""


class ReachedError(BaseException):
    """The value that was to be reached is."""


class Boosting:
    """Trees on Adult, always all rounds unless it is pruned; a trial's value is its lowest log loss on validation.

    Attributes:
        steps: rounds made, over all trials.
        best: the lowest log loss so far, and `at` how many steps it was reached.
    """

    def __init__(self, dataset: Artifact, until: float, most: float) -> None:
        self.train, self.validation = split(dataset, "train"), split(dataset, "validation")
        self.until, self.most = until, most
        self.steps, self.best, self.at = 0, float("inf"), 0

    def __call__(self, trial: TrialHandle) -> Mapping[str, float]:
        """Boosts, reports, and stops where it is told to."""
        settings = {key.removeprefix("model."): value for key, value in trial.record["params"].items()}
        model = create(XGBoost(rounds=ROUNDS, early_stopping_rounds=ROUNDS, threads=1, **settings))
        lowest = float("inf")
        for now in model.rounds(self.train, self.validation, 17):
            self.steps += 1
            step, loss = int(now.entry["step"]), now.entry["val_loss"]
            lowest = min(lowest, loss)
            trial.record["step"] = step
            if lowest < self.best:
                self.best, self.at = lowest, self.steps
            if self.best <= self.until or self.steps >= self.most:
                raise ReachedError
            if step % EVERY == 0 and step < ROUNDS and trial.report(step, lowest):
                raise PrunedError
        return {"val_loss": lowest}


def campaign(
    folder: Path,
    dataset: Artifact,
    space: Mapping[str, Any],
    seed: int,
    trials: int,
    pruner: Mapping[str, Any],
    **limits: float,
) -> Boosting:
    """Runs a whole campaign, or until a value is reached or so many steps are made; what came of it."""
    settings = {
        "space": dict(space),
        "pruner": dict(pruner),
        "objectives": [{"name": "val_loss"}],
        "budget": {"trials": trials},
    }
    search = OmegaConf.to_object(OmegaConf.merge(OmegaConf.structured(Search), settings))
    assert isinstance(search, Search)
    made = Campaign.new(folder, search, kind="ablate", root=folder, seed=seed, first_step=EVERY, last_step=ROUNDS)
    made.make()
    objective = Boosting(dataset, limits.get("until", -1.0), limits.get("most", float("inf")))
    with contextlib.suppress(ReachedError):
        Worker(made, 0).work(objective)
    return objective
