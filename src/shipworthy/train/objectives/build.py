"""From what a run is asked for to its objective; each is in the module that is called as its kind."""

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
