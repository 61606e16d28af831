"""What every fitting method is given (`FitInput`) and gives (`Learned`)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from shipworthy.core.errors import UsageError
from shipworthy.models.transform.replay import NAME, NUMBER

Step = dict[str, Any]


@dataclass(frozen=True)
class FitInput:
    """The rows of train that a method is fitted on.

    Attributes:
        train: id, cluster, the features, answer: rows of train alone, in any order.
        kinds: feature → number or name.
        seed: of random numbers.
    """

    train: pl.LazyFrame
    kinds: Mapping[str, str]
    seed: int

    def require_columns(self, columns: Iterable[str], kind: str | None, key: str) -> None:
        """Refuses a column that is no feature, or of the wrong kind.

        Args:
            kind: number, name, or None for either.
            key: of the config that names them.

        Raises:
            UsageError: with the column and the key.
        """
        for name in columns:
            if name not in self.kinds:
                raise UsageError(f"{key} names {name}, which is no feature ({', '.join(self.kinds)}): correct it.")
            if kind and self.kinds[name] != kind:
                holds = {NUMBER: "numbers", NAME: "names"}
                raise UsageError(f"{key} names {name}, which holds {holds[self.kinds[name]]}, not {holds[kind]}.")

    def aggregate(self, expressions: Mapping[str, pl.Expr]) -> dict[str, Any]:
        """The value of each aggregation, in one pass over train."""
        return self.train.select(**expressions).collect(engine="streaming").row(0, named=True)


@dataclass(frozen=True)
class Learned:
    """What a method learned from train.

    Attributes:
        steps: for `models/transform/`, in order.
        folds: for each fold of train the steps that replace `steps` there, fitted on the other folds (empty: none).
        rejections: reason → detail for a raw row of train (str; null: the row is kept).
    """

    steps: list[Step] = field(default_factory=list)
    folds: list[list[Step]] = field(default_factory=list)
    rejections: dict[str, pl.Expr] = field(default_factory=dict)
