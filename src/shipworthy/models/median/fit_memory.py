"""The memory of the median."""

from shipworthy.models.fit_memory import FLOAT, PREDICTION_BYTES, FitSize
from shipworthy.models.median.schema import Median


def parts(model: Median, size: FitSize) -> dict[str, float]:
    """The answers of train, and one prediction that all rows share."""
    return {"answers": size.answers_bytes + FLOAT * size.train + PREDICTION_BYTES}
