"""The memory of the mean."""

from shipworthy.models.fit_memory import FLOAT, PREDICTION_BYTES, FitSize
from shipworthy.models.mean.schema import Mean


def parts(model: Mean, size: FitSize) -> dict[str, float]:
    """The answers of train, and one prediction that all rows share."""
    return {"answers": size.answers_bytes + FLOAT * size.train + PREDICTION_BYTES}
