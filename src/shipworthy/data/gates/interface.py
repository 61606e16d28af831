"""What every gate is given (`GateInput`) and gives (`GateResult`)."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import polars as pl

from shipworthy.data.hash_sampling import sample
from shipworthy.models import parquet

LABELLED = ("train", "validation")


@dataclass(frozen=True)
class GateInput:
    """Rows of all splits, without the answers of test; it can be pickled, for gates that other machines check.

    Attributes:
        files: parquet files of the rows: id, cluster, split, the features, answer.
        features: feature → its type.
        size: of the sample that gates which fit models use (rows).
        seed: of the models that gates fit.
        missing_markers: texts that stand for a missing value in raw rows, such as those of a reference.
        split_by_time: whether the rows were divided by a column of times.
        dates: columns of the source that are typed as date or datetime, whether they are features or not.
        numbers: whether the answers are numbers, as a task of regression has them; then `answer` is Float64, else text.
    """

    files: Sequence[Path]
    features: Mapping[str, pl.DataType]
    size: int = 20_000
    seed: int = 0
    missing_markers: Sequence[str] = ("",)
    split_by_time: bool = False
    dates: Sequence[str] = ()
    numbers: bool = False

    @property
    def rows(self) -> pl.LazyFrame:
        """Id, cluster, split, the features, answer (null in test)."""
        answer = pl.col("answer").cast(pl.Float64) if self.numbers else pl.col("answer")
        seen = pl.when(pl.col("split").is_in(LABELLED)).then(answer).alias("answer")
        return parquet.scan(list(self.files)).with_columns(seen)

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
class Measurement:
    """A measured value and its limit.

    Attributes:
        name: what was measured, and of what.
        value: the value.
        limit: the limit of the value.
        low, high: the 95% interval of the value (None: it was counted, not estimated).
    """

    name: str
    value: float
    limit: float
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class GateResult:
    """What a gate found.

    Attributes:
        violations: sentences (without a full stop), one for each condition that does not hold; none: the gate holds.
        measurements: the values that were compared with limits.
        rows: id and detail of failing rows, the worst first.
        failing_rows: how many rows fail, for gates that check single rows.
        rows_checked: how many rows the gate read.
        warnings: sentences on what should be looked at, though the gate holds.
        columns: those for which the gate does not hold, for gates that look at columns: without them it would hold.
    """

    violations: list[str]
    rows_checked: int
    measurements: list[Measurement] = field(default_factory=list)
    rows: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema={"id": pl.String, "detail": pl.String}))
    failing_rows: int = 0
    warnings: list[str] = field(default_factory=list)
    columns: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Verdict:
    """A gate's result as the report shows it; JSON-serialisable.

    Attributes:
        gate: its name.
        passed: whether it holds.
        action: what follows where it does not: fail or warn.
        violations, warnings, measurements, failing_rows, rows_checked: as in GateResult.
        total: how many rows there are.
        rows: some failing rows: {"id", "detail"}.
    """

    gate: str
    passed: bool
    action: str
    violations: list[str]
    warnings: list[str]
    measurements: list[dict[str, Any]]
    failing_rows: int
    rows_checked: int
    total: int
    rows: list[dict[str, str]]

    def to_json(self) -> dict[str, Any]:
        """As it is in JSON files."""
        return asdict(self)
