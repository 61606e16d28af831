"""What every fitting method is given (`FitInput`) and gives (`Learned`)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from shipworthy.core.errors import UsageError
from shipworthy.models.transform.replay import NAME, NUMBER, TIME

Step = dict[str, Any]
FOLDS = 5
"""Of train, where no method asks for another number."""


@dataclass(frozen=True)
class FitInput:
    """The rows of train that a method is fitted on.

    Attributes:
        train: id, cluster, the features, answer: rows of train alone, in any order.
        numbers: whether the answers are numbers (Float64); otherwise they are text.
        kinds: feature → number, name or time.
        seed: of random numbers.
        taken: features that earlier methods of the same stage act on.
        folds: of train, for all methods that are fitted across them.
    """

    train: pl.LazyFrame
    kinds: Mapping[str, str]
    seed: int
    taken: frozenset[str] = frozenset()
    folds: int = FOLDS
    numbers: bool = False

    def require_columns(self, columns: Iterable[str], kind: str | None, key: str) -> None:
        """Refuses a column that is no feature, or of the wrong kind.

        Args:
            kind: number, name, or None for any.
            key: of the config that names them.

        Raises:
            UsageError: with the column and the key.
        """
        for name in columns:
            if name not in self.kinds:
                raise UsageError(f"{key} names {name}, which is no feature ({', '.join(self.kinds)}): correct it.")
            if kind and self.kinds[name] != kind:
                holds = {NUMBER: "numbers", NAME: "names", TIME: "times"}
                raise UsageError(f"{key} names {name}, which holds {holds[self.kinds[name]]}, not {holds[kind]}.")

    def aggregate(self, expressions: Mapping[str, pl.Expr]) -> dict[str, Any]:
        """The value of each aggregation, in one pass over train."""
        return self.train.select(**expressions).collect(engine="streaming").row(0, named=True)


@dataclass(frozen=True)
class ColumnChoice:
    """What was found in a column of train, and what follows.

    Attributes:
        column: its name.
        holds: what it was found to hold, e.g. `many names`.
        why: the numbers that say so.
        action: what becomes of it, e.g. `drop`.
        asked: whether the config asked for it.
    """

    column: str
    holds: str
    why: str
    action: str
    asked: bool


@dataclass(frozen=True)
class Learned:
    """What a method learned from train.

    Attributes:
        steps: for `models/transform/`, in order.
        folds: for each fold of train the steps that replace `steps` there, fitted on the other folds (empty: none).
        rejections: reason → detail for a raw row of train (str; null: the row is kept).
        choices: what was chosen for which column, where the method chooses.
    """

    steps: list[Step] = field(default_factory=list)
    folds: list[list[Step]] = field(default_factory=list)
    rejections: dict[str, pl.Expr] = field(default_factory=dict)
    choices: list[ColumnChoice] = field(default_factory=list)
