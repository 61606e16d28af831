"""What every method of a stage is given and gives."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from shipworthy.core.errors import UsageError
from shipworthy.models.transform.replay import NAME, NUMBER

Step = dict[str, Any]


@dataclass(frozen=True)
class Subject:
    """What is learned from.

    Attributes:
        train: id, cluster, the features, answer: rows of train alone, in any order.
        kinds: feature → number or name.
        seed: of whatever draws.
    """

    train: pl.LazyFrame
    kinds: Mapping[str, str]
    seed: int

    def need(self, columns: Iterable[str], kind: str | None, key: str) -> None:
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

    def first(self, expressions: Mapping[str, pl.Expr]) -> dict[str, Any]:
        """One value for each expression, in one pass over train."""
        return self.train.select(**expressions).collect(engine="streaming").row(0, named=True)


@dataclass(frozen=True)
class Learned:
    """What a method has learned from train.

    Attributes:
        steps: for `models/transform/`, in order.
        folds: steps in the place of `steps` for each fold of train, of what must not see its own row (else empty).
        rejections: reason → what is wrong with a row of train as it came (str, null where nothing is).
    """

    steps: list[Step] = field(default_factory=list)
    folds: list[list[Step]] = field(default_factory=list)
    rejections: dict[str, pl.Expr] = field(default_factory=dict)
