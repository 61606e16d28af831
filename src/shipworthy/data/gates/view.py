"""The rows as the gates see them, and what a gate says of them."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import cached_property
from typing import Any

import polars as pl

from shipworthy.data.hash_sampling import sample

LABELLED = ("train", "validation")


@dataclass(frozen=True)
class View:
    """Rows of all splits, without the answers of test.

    Attributes:
        rows: id, cluster, split, the features, answer (null in test).
        features: feature → its type.
        size: of the sample that heavy gates look at (rows).
        seed: of the models that gates fit.
        gaps: texts that stand for a missing value in raw rows, such as those of a reference.
    """

    rows: pl.LazyFrame
    features: Mapping[str, pl.DataType]
    size: int = 20_000
    seed: int = 0
    gaps: Sequence[str] = ("",)

    @staticmethod
    def of(
        rows: pl.LazyFrame, features: Mapping[str, pl.DataType], size: int, seed: int, gaps: Sequence[str] = ("",)
    ) -> "View":
        """Hides the answers of test."""
        seen = pl.when(pl.col("split").is_in(LABELLED)).then(pl.col("answer")).alias("answer")
        return View(rows.with_columns(seen), features, size, seed, gaps)

    @property
    def labelled(self) -> pl.LazyFrame:
        """Train and validation."""
        return self.rows.filter(pl.col("split").is_in(LABELLED))

    @cached_property
    def total(self) -> int:
        """The number of rows."""
        return count(self.rows)

    @cached_property
    def sample(self) -> pl.DataFrame:
        """At most `size` of the labelled rows, by the hash of their ids."""
        return sample(self.labelled, self.size, f"gates {self.seed}")


def count(rows: pl.LazyFrame) -> int:
    """The number of rows."""
    return int(rows.select(pl.len()).collect(engine="streaming").item())


@dataclass(frozen=True)
class Number:
    """A number that decides.

    Attributes:
        name: what it is, and of what.
        value: it.
        limit: what it may not pass.
        low, high: its 95% interval (None: it was counted, not estimated).
    """

    name: str
    value: float
    limit: float
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class Finding:
    """What a gate found.

    Attributes:
        faults: sentences (without a full stop), one for each thing that does not hold; none: the gate holds.
        numbers: those that decide, of what holds too.
        rows: id and detail of failing rows, the worst first.
        failing: how many rows fail, if rows can.
        looked_at: how many rows the gate saw.
    """

    faults: list[str]
    looked_at: int
    numbers: list[Number] = field(default_factory=list)
    rows: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema={"id": pl.String, "detail": pl.String}))
    failing: int = 0


@dataclass(frozen=True)
class Verdict:
    """A gate's finding as the report shows it; JSON-able.

    Attributes:
        gate: its name.
        passed: whether it holds.
        action: what follows where it does not: fail or warn.
        faults, numbers, failing, looked_at: as in Finding.
        total: how many rows there are.
        rows: some failing rows: {"id", "detail"}.
    """

    gate: str
    passed: bool
    action: str
    faults: list[str]
    numbers: list[dict[str, Any]]
    failing: int
    looked_at: int
    total: int
    rows: list[dict[str, str]]

    def to_json(self) -> dict[str, Any]:
        """As it stands in JSON files."""
        return asdict(self)
