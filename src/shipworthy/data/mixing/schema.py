"""How much of train comes from which source."""

from dataclasses import dataclass, field

from shipworthy.core.errors import UsageError


@dataclass
class Mixing:
    """Train holds rows of several sources in given proportions, and is as large as these allow.

    Rows of a source that has too many are rejected; of one that has too few they are taught several times. Validation
    and test stay as they are.

    Attributes:
        by: the column of which each value is a source (empty: train stays as it is). No model sees it, unless it is
            one of the task's columns.
        weights: source → its weight; their shares are what counts (0: none of its rows).
        repeat: how often a row may be taught (times).
    """

    by: str = ""
    weights: dict[str, float] = field(default_factory=dict)
    repeat: int = 1

    def __post_init__(self) -> None:
        if bool(self.by) != bool(self.weights):
            raise UsageError("data.mixing: give `by` and `weights` together, or neither.")
        if not self.by and self.repeat != 1:
            raise UsageError("data.mixing.repeat has no effect without data.mixing.by: drop it.")
        if self.repeat < 1:
            raise UsageError(f"data.mixing.repeat={self.repeat}: give a number of times from 1.")
        for source, weight in self.weights.items():
            if not 0 <= weight < float("inf"):
                raise UsageError(f"data.mixing.weights.{source}={weight}: give a weight from 0.")
        if self.weights and not sum(self.weights.values()):
            raise UsageError("data.mixing.weights are all 0, so train would be empty: give one of them more.")
