"""The memory of linear regression on a table."""

from shipworthy.models.fit_memory import FLOAT, INT, FitSize
from shipworthy.models.ridge.schema import Ridge

COPIES = 3
"""The features while their columns are put together, and centred for the solver."""


def parts(model: Ridge, size: FitSize) -> dict[str, float]:
    """A row has a cell for each of its columns; where all are numbers, the solver has their products as well."""
    names, numbers = len(size.names), len(size.numbers)
    features = numbers + sum(min(size.distinct(name), model.max_categories) + 1 for name in size.names)
    each = FLOAT + INT if names else FLOAT
    return {
        "features": COPIES * each * size.train * (names + numbers),
        "solver": FLOAT * (10 * (features + size.train) if names else 3 * numbers**2),
        "answers": size.answers_bytes + FLOAT * size.train + size.predictions_bytes(0),
    }
