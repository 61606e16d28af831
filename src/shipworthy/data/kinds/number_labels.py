"""Labels that are numbers: read by the rules that read a feature's numbers; rows whose label is none are rejected.

A label stays as it is in the file where Python and JSON read it as a number (`12.50`, `1e3`). What a spreadsheet
shows, `1.234,50 €` or `12%`, is written plainly, without its sign (`1234.50`, `12`), for whoever scores an answer reads
it without knowing how the file was written.
"""

from functools import partial
from math import isfinite

import polars as pl

from shipworthy.core.errors import UsageError
from shipworthy.core.groups import TaskConfig
from shipworthy.core.progress import say
from shipworthy.data.kinds.schema import Table
from shipworthy.data.row_store import RowStore
from shipworthy.data.schema import Data
from shipworthy.evaluation.tasks.regression.schema import Regression
from shipworthy.models.raw_rows import POINT, SPACES, is_missing_number, shown_number

PLAIN, SIGN, WHY = "_plain", "_sign", "_why_no_number"
INFINITE = ("inf", "infinity", "∞")


def number_label(task: TaskConfig, config: Data) -> str:
    """The column of the labels of a regression on a table (empty: there is none).

    Raises:
        UsageError: the rows are to be divided by classes, which a regression does not have.
    """
    if not isinstance(task, Regression) or not isinstance(config, Table):
        return ""
    if config.split.stratify:
        raise UsageError(
            "data.split.stratify=true divides rows by their classes, and a task of regression has none: drop it."
        )
    return config.label


def read(config: Table, store: RowStore) -> None:
    """Writes the labels plainly, and rejects rows whose label is missing, no number, infinite or in another unit.

    The unit is the sign that most labels have beside them (a currency, %), or none.

    Raises:
        UsageError: no label is a number.
    """
    label = f"Column '{config.label}'"
    first = store.rows.select("answer").head(1).collect()["answer"].to_list()
    store.map(partial(_read, config))
    store.reject("label is no number", pl.col(WHY))
    signs = store.rows.group_by(SIGN).len().collect(engine="streaming").sort(["len", SIGN], descending=[True, False])
    if not signs.height:
        raise UsageError(
            f"{label} holds no number{f', but such as {first[0]!r}' if first else ''}, and a task of regression learns "
            "numbers: choose another data.label, or a task with classes."
        )
    unit = str(signs[SIGN][0])
    if unit:
        say(f"{label}: the '{unit}' next to its numbers is left out")
    beside = pl.when(pl.col(SIGN) == "").then(pl.lit("nothing")).otherwise(pl.format("'{}'", SIGN))
    other = pl.format("next to its label is {}, next to most {}", beside, pl.lit(f"'{unit}'" if unit else "nothing"))
    store.reject("label in another unit", pl.when(pl.col(SIGN) != unit).then(other))
    store.change(pl.col(PLAIN).alias("answer"))
    store.drop(PLAIN, SIGN, WHY)


def _read(config: Table, rows: pl.DataFrame) -> pl.DataFrame:
    """Adds of each label its number as plain text, the sign beside it, and why it is none (null: it is one)."""
    told = [_one(str(label), config) for label in rows["answer"]]
    return rows.with_columns(
        pl.Series(name, [one[place] for one in told], dtype=pl.String) for place, name in enumerate((PLAIN, SIGN, WHY))
    )


def _one(label: str, config: Table) -> tuple[str | None, str, str | None]:
    bare = label.strip(SPACES)
    shown = shown_number(bare, config.decimal or POINT)
    if bare.lower().lstrip("+-−") in INFINITE or (shown and not isfinite(float(shown[0]))):
        return None, "", f"the label '{label}' is not finite"
    if is_missing_number(label, config.markers):
        return None, "", f"the label is missing ('{label}')"
    if shown is None:
        return None, "", f"the label '{label}' is no number"
    return shown[0], shown[1], None
