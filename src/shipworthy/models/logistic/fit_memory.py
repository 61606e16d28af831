"""The memory of logistic regression on a table."""

from shipworthy.models.fit_memory import FLOAT, INT, FitSize, linear_solver
from shipworthy.models.logistic.schema import Logistic

COPIES = 2
"""The features while their columns are put together: parts and whole."""


def parts(model: Logistic, size: FitSize) -> dict[str, float]:
    """A row has a cell for each of its columns, whatever names there are; weights have one for each name."""
    each_alone = model.tells_labels
    said = size.labels if each_alone else size.classes
    names, numbers = len(size.names), len(size.numbers)
    cells = size.train * (names + numbers)
    each = FLOAT + INT if names else FLOAT
    features = numbers + sum(min(size.distinct(name), model.max_categories) + 1 for name in size.names)
    return {
        "features": COPIES * each * cells,
        "solver": linear_solver(features, size, 1) if each_alone else linear_solver(features, size),
        **({"matrix of weights": FLOAT * features * said} if each_alone else {}),
        "answers": 2 * size.answers_bytes + size.predictions_bytes(said),
    }
