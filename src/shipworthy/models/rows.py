"""What a family reads out of a split: its answers, its feature columns, its texts."""

from collections.abc import Sequence
from typing import Any

import polars as pl
from numpy.typing import NDArray

from shipworthy.core.commands import again
from shipworthy.core.errors import ArtifactError, ShipworthyError, UsageError
from shipworthy.models.prompt_checks import check_columns, checked

GROUP = "_group"
"""The column that says which rows belong together (see models/dataset.py)."""
NOT_FEATURES = frozenset({"id", "cluster", "fold", "answer", "prompt_ids", "answer_ids", GROUP})


def answers(rows: pl.DataFrame) -> list[str]:
    """The answers to learn from.

    Raises:
        ArtifactError: there are none.
    """
    if "answer" not in rows.columns:
        raise ArtifactError(
            f"The rows have no column 'answer' (they have {', '.join(rows.columns)}), so nothing can be learned from "
            f"them: give train or validation rows, or make the dataset again with `{again('prepare')}`."
        )
    if not rows.height:
        raise ArtifactError(f"There are no rows to learn from: make the dataset again with `{again('prepare')}`.")
    return [str(answer) for answer in rows["answer"]]


def classes(train: pl.DataFrame) -> list[str]:
    """The answers to learn from, of two classes or more.

    Raises:
        ArtifactError: there are none.
        ShipworthyError: they are all the same.
    """
    found = answers(train)
    if len(set(found)) < 2:
        raise ShipworthyError("Train has one class only, so there is nothing to learn: give it more rows.")
    return found


def groups(rows: pl.DataFrame) -> NDArray[Any] | None:
    """Which rows belong together: the name of each row's group, shape (n,); None where nothing says so."""
    return rows[GROUP].to_numpy() if GROUP in rows.columns else None


def features(rows: pl.DataFrame) -> list[str]:
    """The columns that a model may look at, in the dataset's order.

    Raises:
        UsageError: one of them is neither text, number nor truth value.
    """
    names = [name for name in rows.columns if name not in NOT_FEATURES]
    for name in names:
        kind = rows.schema[name]
        if not (kind.is_numeric() or kind in (pl.String, pl.Boolean)):
            raise UsageError(f"Column {name} holds {kind}, which a table model cannot use: drop it in the data config.")
    return names


def categorical(rows: pl.DataFrame) -> list[str]:
    """Those of `features` that hold names, not numbers."""
    return [name for name in features(rows) if not rows.schema[name].is_numeric()]


def select(rows: pl.DataFrame, columns: Sequence[str]) -> pl.DataFrame:
    """The columns that a model was fitted on.

    Raises:
        ArtifactError: one is missing.
    """
    if missing := [name for name in columns if name not in rows.columns]:
        raise ArtifactError(
            f"The rows lack the column {missing[0]} that the model was fitted on: "
            "give the columns of the dataset that it was trained with."
        )
    return rows.select(columns)


def codes(values: pl.Series, known: Sequence[str], other: int | None = None) -> pl.Series:
    """The place of each value among the known names (Int32); null where it is missing.

    Args:
        other: of a name that is not known (None: null).
    """
    names = values.cast(pl.String)
    if not known:
        places = pl.Series([other], dtype=pl.Int32).new_from_index(0, names.len())
    else:
        places = names.replace_strict(known, range(len(known)), default=other, return_dtype=pl.Int32)
    return pl.select(pl.when(names.is_not_null()).then(places)).to_series()


def texts(rows: pl.DataFrame, template: str, key: str = "task.prompt") -> list[str]:
    """The template filled in with each row; {column} stands for a column.

    Args:
        key: the setting that holds the template, for the message.

    Raises:
        UsageError: the template breaks the rule of prompts, or names a column that the rows lack.
    """
    prompt = checked(key, template)
    check_columns(key, prompt, rows.columns)
    return [prompt.fill(row) for row in rows.select(prompt.columns).iter_rows(named=True)]
