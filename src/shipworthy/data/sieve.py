"""Rows on their way to the model: what is left, what was rejected and why; no row is lost without a reason."""

from dataclasses import dataclass

import polars as pl

from shipworthy.core.errors import ShipworthyError

REJECTED_SCHEMA = {"id": pl.String, "reason": pl.String, "detail": pl.String, "row": pl.String}


@dataclass(frozen=True)
class Step:
    """How many rows a step was given, and how many it rejected."""

    name: str
    before: int
    rejected: int


class Sieve:
    """Holds the rows that are left; every row that a step rejects is kept with its reason.

    Args:
        rows: a frame with a unique `id` (str); columns whose names begin with _ are working space.
    """

    def __init__(self, rows: pl.DataFrame) -> None:
        if (repeated := rows.filter(pl.col("id").is_duplicated())).height:
            raise ShipworthyError(f"The source has two rows with the id '{repeated['id'][0]}': ids must be unique.")
        self.rows = rows
        self.total = rows.height
        self.steps: list[Step] = []
        self._rejected: list[pl.DataFrame] = []

    def reject(self, reason: str, detail: pl.Expr | pl.Series) -> None:
        """Takes out the rows whose `detail` (str, one per row) is not null; it says what is wrong with the row."""
        marked = self.rows.with_columns(detail.alias("_detail"))
        out = marked.filter(pl.col("_detail").is_not_null())
        row = pl.struct(pl.col(name) for name in self.rows.columns if name != "id" and not name.startswith("_"))
        self._rejected.append(
            out.select(
                "id",
                pl.lit(reason).alias("reason"),
                pl.col("_detail").cast(pl.String).alias("detail"),
                row.struct.json_encode().alias("row"),
            )
        )
        self.steps.append(Step(reason, self.rows.height, out.height))
        self.rows = marked.filter(pl.col("_detail").is_null()).drop("_detail")
        assert self.rows.height + sum(frame.height for frame in self._rejected) == self.total

    def replace(self, rows: pl.DataFrame) -> None:
        """Takes rows in place of those that are left: more, where one became several."""
        self.total += rows.height - self.rows.height
        self.rows = rows

    def rejected(self) -> pl.DataFrame:
        """Every rejected row: id, reason, detail, row (JSON of its other columns), by id."""
        return pl.concat([pl.DataFrame(schema=REJECTED_SCHEMA), *self._rejected]).sort("id")
