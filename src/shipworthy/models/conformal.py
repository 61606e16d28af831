"""The interval of a predicted number. It needs Python alone: packages carry this file."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from math import ceil
from pathlib import Path

FILE = "interval.json"
ROUNDING = 1e-9
"""0.7 * 10 is 7, whatever floats say."""


@dataclass(frozen=True)
class Conformal:
    """By how much intervals reach beyond what the model says, so that they hold the right number as often as asked.

    Attributes:
        level: the share of rows in which they should (0 to 1).
        beyond: of either end, in the unit of the answers; below 0 where a model's own bounds are too far apart.
    """

    level: float
    beyond: float

    def bounds(self, number: float, low: float | None = None, high: float | None = None) -> tuple[float, float]:
        """The interval of a prediction; it holds `number`.

        Args:
            low, high: the model's own bounds (None: it has none, and `number` is both).
        """
        inner, outer = number if low is None else low, number if high is None else high
        return min(number, inner - self.beyond), max(number, outer + self.beyond)


def rows_needed(level: float) -> int:
    """The fewest rows whose errors can tell an interval of a level: with fewer, none is wide enough."""
    return ceil(level / (1 - level) - ROUNDING)


def fit(level: float, outside: Sequence[float]) -> Conformal:
    """Split conformal prediction: a new row that is exchangeable with these is inside with a probability of `level`.

    The ceil((n + 1) * level)-th smallest distance of n, which is a little more than the quantile (Vovk, Gammerman and
    Shafer 2005, Algorithmic Learning in a Random World; Lei et al. 2018, JASA 113:1094). Where the model has bounds of
    its own it is conformalized quantile regression (Romano, Patterson and Candes 2019, NeurIPS).

    Args:
        outside: of rows that the model was not fitted to, how far the right number lies outside the model's own bounds,
            or from its number; below 0 where it lies inside, shape (n,).

    Raises:
        ValueError: fewer rows than `rows_needed`.
    """
    if len(outside) < rows_needed(level):
        raise ValueError(f"{len(outside)} rows are too few for an interval of {level:g}")
    return Conformal(level, sorted(outside)[ceil((len(outside) + 1) * level - ROUNDING) - 1])


def write(interval: Conformal, folder: Path) -> None:
    """Saves it beside the model whose answers it bounds."""
    (folder / FILE).write_text(json.dumps(asdict(interval)) + "\n", encoding="utf-8")


def read(folder: Path) -> Conformal | None:
    """That of the model which was saved in `folder`; None where its numbers have no intervals."""
    if not (folder / FILE).is_file():
        return None
    return Conformal(**json.loads((folder / FILE).read_text(encoding="utf-8")))
