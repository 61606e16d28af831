"""How much of train comes from which source."""

from dataclasses import dataclass, field

from shipworthy.core.errors import UsageError
from shipworthy.core.validation import at_least


@dataclass
class Mixing:
    """Train holds rows of several sources in given proportions, and is as large as these allow.

    Of a source with too many rows some are rejected; of one with too few, rows are repeated. Validation and test are
    not changed.

    Attributes:
        by: the column that names the source of a row (empty: no mixing). It is no feature, unless the task names it.
        weights: source → its weight, relative to the sum (0: none of its rows).
        repeat: how often a row of train may occur (times).
    """

    by: str = ""
    weights: dict[str, float] = field(default_factory=dict)
    repeat: int = 1

    def __post_init__(self) -> None:
        if bool(self.by) != bool(self.weights):
            raise UsageError("data.mixing: give `by` and `weights` together, or neither.")
        if not self.by and self.repeat != 1:
            raise UsageError("data.mixing.repeat has no effect without data.mixing.by: drop it.")
        at_least("data.mixing.repeat", self.repeat, 1)
        for source, weight in self.weights.items():
            if not 0 <= weight < float("inf"):
                raise UsageError(f"data.mixing.weights.{source}={weight}: give a weight from 0.")
        if self.weights and not sum(self.weights.values()):
            raise UsageError("data.mixing.weights are all 0, so train would be empty: give one of them more.")
