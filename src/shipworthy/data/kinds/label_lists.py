"""Answers that are lists of labels: read from lists or from text with a separator, and written as JSON lists.

Without a separator a row's labels are a list, as JSON and parquet have it, or text of one in CSV, in JSON or as Python
prints it; `[]` says that it has none, and what is missing or no list of names is rejected. With a separator they stand
in one text, `red|green`; an empty one says that it has none.
"""

import ast
import json
import re
from functools import partial
from typing import Any

import polars as pl

from shipworthy.core.errors import UsageError
from shipworthy.core.groups import TaskConfig
from shipworthy.data.kinds.schema import Conversations, Table, Text
from shipworthy.data.row_store import RowStore
from shipworthy.data.schema import Data
from shipworthy.evaluation.tasks.multi_label.schema import MultiLabel
from shipworthy.models.label_lists import written

WHY = "_why_no_list"
PRINTED_ARRAY = re.compile(r"""(?<=['"])\s+(?=['"])""")
"""What numpy prints between the names of an array, and Python takes for nothing: it would join them."""
OF_SINGLE_CLASSES = ("balance", "labels")
"""Gates that read each answer as one of a few classes."""


def reads_labels(task: TaskConfig, config: Data) -> bool:
    """Whether the answers are lists of labels.

    Raises:
        UsageError: a setting of the data asks for answers of another kind.
    """
    if not isinstance(task, MultiLabel):
        if config.separator:
            raise UsageError(
                f"data.separator={config.separator} divides a text into labels, and the task is {task.kind}: leave it "
                "out, or set a task of multi_label."
            )
        return False
    if isinstance(config, Conversations):
        raise UsageError(
            "A task of multi_label learns from texts and tables, and data are conversations: begin their file in "
            "conf/data with `defaults: [base_records, _self_]` or `[base_table, _self_]`."
        )
    asked = {
        "split.stratify": config.split.stratify,
        **{f"gates.{name}": name in config.gates.checked for name in OF_SINGLE_CLASSES},
        **({"answers": config.answers, "refuse_literal": config.refuse_literal} if isinstance(config, Text) else {}),
        **({"fitted.encode.target": config.fitted.encode.target} if isinstance(config, Table) else {}),
    }
    if unfit := [name for name, value in asked.items() if value]:
        raise UsageError(
            f"data.{unfit[0]} asks for answers of one class or text each, and those of a task of multi_label are lists "
            "of labels: drop it."
        )
    return True


def read(column: str, separator: str, store: RowStore) -> None:
    """Writes the answers as JSON lists, sorted and each label once, and rejects rows without a list.

    Args:
        column: of the source, for messages.
        separator: what is between the labels in text (empty: they are lists).
        store: holds rows with `answer`.

    Raises:
        UsageError: no answer is a list of labels.
    """
    first = store.rows.select(pl.col("answer").drop_nulls()).head(1).collect()["answer"].to_list()
    store.map(partial(_read, separator))
    store.reject("no list of labels", pl.col(WHY))
    store.drop(WHY)
    if not store.height:
        raise UsageError(
            f"Column '{column}' holds no list of labels{f', but such as {first[0]!r}' if first else ''}: give lists as "
            "JSON, or set data.separator to what is between the labels of a row."
        )


def _read(separator: str, rows: pl.DataFrame) -> pl.DataFrame:
    told = [_one(answer, separator) for answer in rows["answer"]]
    return rows.with_columns(
        pl.Series("answer", [answer for answer, _ in told], dtype=pl.String),
        pl.Series(WHY, [why for _, why in told], dtype=pl.String),
    )


def _one(answer: str | None, separator: str) -> tuple[str | None, str | None]:
    """The list as JSON, and why there is none (null: there is one)."""
    if separator:
        return written(divided(answer or "", separator)), None
    if answer is None:
        return None, "the labels are missing"
    found = names_in(answer)
    return (answer, found) if isinstance(found, str) else (written(found), None)


def divided(text: str, separator: str) -> list[str]:
    """The labels between the separators, without white space around them."""
    return [label.strip() for label in text.split(separator) if label.strip()]


def names_in(text: str) -> list[str] | str:
    """The labels of a list that is written as text, or a sentence on why there are none."""
    found = _list(text)
    if found is None:
        return f"'{text}' is no list"
    labels = [str(one) if type(one) is int else one for one in found]
    if not all(isinstance(one, str) and one.strip() for one in labels):
        return f"'{text}' holds something else than names of labels"
    return labels


def _list(text: str) -> list[Any] | None:
    """In JSON, or as Python prints a list, tuple, set or array, which pandas writes into CSV; None: it is none."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        found = None
    if found is None and text.lstrip().startswith(("[", "(", "{")):
        try:
            found = ast.literal_eval(PRINTED_ARRAY.sub(", ", text.strip()))
        except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
            found = None
    return list(found) if isinstance(found, list | tuple | set) else None
