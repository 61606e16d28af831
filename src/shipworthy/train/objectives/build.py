"""From what a run is asked for to its objective; each is in the module that is called as its kind."""

import polars as pl

from shipworthy.core.groups import ModelConfig, ObjectiveConfig
from shipworthy.core.lazy import Lazy
from shipworthy.train.objectives.objective import Objective
from shipworthy.train.request import Request

OBJECTIVES = Lazy("shipworthy.train.objectives.{objective.kind}")


def build(request: Request) -> Objective:
    """The objective of a run.

    Raises:
        ArtifactError: the base weights were not fetched.
        UsageError: the rows do not have what it learns.
    """
    objective: Objective = OBJECTIVES.load(request.objective).create(request)
    return objective


def tokens(objective: ObjectiveConfig, model: ModelConfig, split: pl.DataFrame) -> list[tuple[str, int]]:
    """Id and tokens of each row that the objective makes of a split; no network is loaded.

    Raises:
        ArtifactError: the model's tokenizer is needed, and was not fetched.
    """
    found: list[tuple[str, int]] = OBJECTIVES.load(objective).tokens(model, split)
    return found
