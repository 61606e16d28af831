"""The memory of counting labels."""

from shipworthy.models.fit_memory import PREDICTION_BYTES, FitSize
from shipworthy.models.frequent.schema import Frequent

LIST_BYTES = 300
"""Of a row's labels as a list of str."""


def parts(model: Frequent, size: FitSize) -> dict[str, float]:
    """The answers of train as lists, and one prediction that all rows share."""
    return {"answers": size.answers_bytes + LIST_BYTES * size.train + PREDICTION_BYTES}
