"""The memory of counting answers."""

from shipworthy.models.fit_memory import FitSize
from shipworthy.models.majority.schema import Majority


def parts(model: Majority, size: FitSize) -> dict[str, float]:
    """The answers of train; all rows share one prediction."""
    return {"answers": size.answers_bytes}
