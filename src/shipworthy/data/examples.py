"""What the rows become for a task: the columns, classes and tokens that a model sees."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import polars as pl

from shipworthy.core.errors import UsageError
from shipworthy.data import tokens
from shipworthy.data.sieve import Sieve
from shipworthy.data.tokens import Preview
from shipworthy.evaluation.tasks.schema import Classification, Task, TextToText
from shipworthy.models.rows import texts

if TYPE_CHECKING:
    from shipworthy.models.causal_lm.chat import Chat

NOT_FEATURES = ("id", "cluster", "split", "answer")
PREVIEWS = 10


@dataclass(frozen=True)
class Examples:
    """What `dataset.json` and the report say of the rows.

    Attributes:
        features, categorical, classes, template_sha256, eos_id: as in `DatasetInfo`.
        statistics: of tokens (text), or of columns and classes (tables); never of the test split's answers.
        previews: some rows of train, token by token.
    """

    features: list[str]
    categorical: list[str]
    classes: list[str] = field(default_factory=list)
    template_sha256: str = ""
    eos_id: int | None = None
    statistics: dict[str, Any] = field(default_factory=dict)
    previews: list[Preview] = field(default_factory=list)


def shape(task: Task, sieve: Sieve, chat: "Callable[[], Chat | None]") -> Examples:
    """Gives the rows what the task needs, and rejects those that do not fit.

    Args:
        task: what is to be learned.
        sieve: holds rows with id, cluster, split, answer and features.
        chat: gives the model's tokenizer, if it has one; called only by tasks in words.

    Raises:
        UsageError: the task does not fit the rows.
    """
    match task:
        case TextToText():
            return _talk(task, sieve, chat())
        case Classification():
            return _classify(task, sieve.rows)
        case _:
            raise TypeError(task)


def _features(rows: pl.DataFrame) -> tuple[list[str], list[str]]:
    names = [name for name in rows.columns if name not in NOT_FEATURES]
    return names, [name for name in names if not rows.schema[name].is_numeric()]


def _talk(task: TextToText, sieve: Sieve, chat: "Chat | None") -> Examples:
    features, categorical = _features(sieve.rows)
    if chat is None:
        texts(sieve.rows.head(1), task.prompt)  # the prompt names columns that there are
        return Examples(features, categorical)
    tokens.encode(task, sieve, chat)
    return Examples(
        features,
        categorical,
        template_sha256=chat.template_sha256,
        eos_id=chat.eos_id,
        statistics={"max_length": task.max_length, "tokens": tokens.statistics(sieve.rows)},
        previews=tokens.previews(sieve.rows, chat, PREVIEWS),
    )


def _classify(task: Classification, rows: pl.DataFrame) -> Examples:
    features, categorical = _features(rows)
    classes = sorted(rows["answer"].unique())
    if len(classes) < 2:
        raise UsageError(f"Every row has the class '{classes[0]}', so there is nothing to learn: check data.label.")
    if task.positive and task.positive not in classes:
        raise UsageError(f"task.positive={task.positive} is not one of the classes {', '.join(classes[:9])}.")
    if unseen := set(classes) - set(rows.filter(split="train")["answer"]):
        raise UsageError(
            f"No row of train has the class '{min(unseen)}': bring more rows, or data.split.stratify=true."
        )
    seen = rows.filter(pl.col("split") != "test")
    columns = {
        name: {
            "type": str(rows.schema[name]),
            "missing": round(rows[name].null_count() / rows.height, 6),
            "distinct": rows[name].n_unique(),
        }
        for name in features
    }
    balance = {
        split: dict(sorted(seen.filter(split=split)["answer"].value_counts().iter_rows()))
        for split in ("train", "validation")
    }
    return Examples(features, categorical, classes, statistics={"columns": columns, "classes": balance})
