"""Converts rows to what a task needs: features, classes, tokens."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from shipworthy.core.errors import UsageError
from shipworthy.data import class_names, raw_validation
from shipworthy.data.kinds.schema import Conversations, Text
from shipworthy.data.left_out import require_splits
from shipworthy.data.row_store import RowStore
from shipworthy.data.schema import Data
from shipworthy.data.splits import check
from shipworthy.evaluation.tasks.classification.schema import THRESHOLD, Classification
from shipworthy.evaluation.tasks.multi_label.schema import MultiLabel
from shipworthy.evaluation.tasks.regression.schema import Regression
from shipworthy.evaluation.tasks.schema import Task
from shipworthy.evaluation.tasks.text_to_text.schema import TextToText
from shipworthy.models.dataset import SPLITS

if TYPE_CHECKING:
    from shipworthy.data.tokens.preview import Preview
    from shipworthy.models.causal_lm.chat import Chat

NOT_FEATURES = ("id", "cluster", "split", "fold", "answer")
PREVIEWS = 10
QUANTILES = {"least": 0.0, "quarter": 0.25, "median": 0.5, "three quarters": 0.75, "largest": 1.0}
"""Of answers that are numbers, on the page."""
EXACT_ROWS = 1_000_000
"""Of more rows the number of distinct values is estimated (HyperLogLog, about 1% off)."""


@dataclass(frozen=True)
class Examples:
    """Facts on the converted rows, for `dataset.json` and the report.

    Attributes:
        features, categorical, classes, template_sha256, eos_id: as in `DatasetInfo`.
        statistics: of tokens (text), or of columns and classes or numbers (tables); without the test split's answers.
        previews: some rows of train, token by token.
        warnings: sentences that a person should read.
    """

    features: list[str]
    categorical: list[str]
    classes: list[str] = field(default_factory=list)
    template_sha256: str = ""
    eos_id: int | None = None
    statistics: dict[str, Any] = field(default_factory=dict)
    previews: "list[Preview]" = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


def shape(task: Task, config: Data, store: RowStore, chat: "Callable[[], Chat | None]", folder: Path) -> Examples:
    """Adds the columns that the task needs, and rejects rows that do not fit, such as too long ones.

    Args:
        task: the problem.
        config: which token statistics are computed.
        store: holds rows with id, cluster, split, answer and features.
        chat: gives the model's tokenizer, if it has one; called only for text-to-text tasks.
        folder: the dataset's; the validation rows are kept there as they were, where texts are divided.

    Raises:
        UsageError: the task does not fit the rows.
    """
    _same_conversations(task, config)
    match task:
        case TextToText():
            return _text_to_text(task, config, store, chat(), folder)
        case Classification():
            return _classification(task, store)
        case Regression():
            return _regression(store)
        case MultiLabel():
            return _multi_label(task, store)
        case _:
            raise TypeError(task)


def features_of(store: RowStore) -> tuple[list[str], list[str]]:
    """The names of the feature columns, and of those that are categorical."""
    dtypes = store.columns
    names = [name for name in dtypes if name not in NOT_FEATURES and not name.startswith("_")]
    return names, [name for name in names if not dtypes[name].is_numeric()]


def _same_conversations(task: Task, config: Data) -> None:
    """Refuses conversations unless the task names their column: otherwise the model would see the answer in them."""
    held = (config.messages, config.tools) if isinstance(config, Conversations) else ("", "")
    asked = (task.messages, task.tools) if isinstance(task, TextToText) else ("", "")
    if held == asked:
        return
    if not held[0]:
        raise UsageError(
            f"task.messages={asked[0]}: the data are no conversations; set task.prompt, or begin with "
            "`defaults: [base_conversations, _self_]` in conf/data."
        )
    raise UsageError(
        f"The data hold conversations in the column '{held[0]}', with the answer at the end: set task.messages="
        f"{held[0]} task.tools='{held[1]}' task.prompt='', so that no model sees it."
    )


def _text_to_text(task: TextToText, config: Data, store: RowStore, chat: "Chat | None", folder: Path) -> Examples:
    from shipworthy.data.tokens import too_long
    from shipworthy.data.tokens.analysis import analyse
    from shipworthy.data.tokens.encode import Encoder
    from shipworthy.data.tokens.preview import previews, statistics
    from shipworthy.models.causal_lm.questions import questions

    features, categorical = features_of(store)
    if chat is None and task.messages:
        raise UsageError("Conversations need a model that chats, such as model=smollm2_135m.")
    if chat is None:
        questions(task, next(store.batches()).head(1))  # raises an error if the prompt names an unknown column
        return Examples(features, categorical)
    chunks = task.too_long == "chunk"
    if chunks:
        raw_validation.keep(folder, store)
    store.expand(Encoder(task, chat))
    _require_encoded(store)
    found = analyse(store.rows, task, chat, config.tokens, config.context if isinstance(config, Text) else ())
    cut = config.text if isinstance(config, Text) and not task.messages else ""
    long, warnings = too_long.by_split(store.rows), too_long.warnings(store.rows, task, cut)
    short = too_long.cut_by_split(store.rows)
    divided = {"chunked": too_long.chunked_by_split(store.rows)} if chunks else {}
    warnings += [*too_long.vote_warnings(store.rows), *too_long.share_warnings(store.rows)] if chunks else []
    if any(one["rows"] for one in short.values()) or any(one["chunks"] for one in divided.get("chunked", {}).values()):
        check.mark_rewritten(folder)
    _reject(store)
    return Examples(
        features,
        categorical,
        template_sha256=chat.template_sha256,
        eos_id=chat.eos_id,
        statistics={
            "max_length": task.max_length,
            "too long": long,
            "cut": short,
            **divided,
            "tokens": statistics(store.rows),
            "tokenization": found,
        },
        previews=previews(store.rows, chat, PREVIEWS),
        warnings=warnings,
    )


def _require_encoded(store: RowStore) -> None:
    """Refuses rows of which a split has none that can be taught.

    Raises:
        NoRowsError: says for which reasons.
    """
    encoded = store.rows.filter(pl.col("_reason").is_null()).select(pl.col("split").unique())
    if encoded.collect(engine="streaming").height < len(SPLITS):
        _reject(store)
        require_splits(store, SPLITS)


def _reject(store: RowStore) -> None:
    """Rejects the rows that could not be encoded, each for its `_reason`."""
    reasons = store.rows.select(pl.col("_reason").drop_nulls().unique()).collect(engine="streaming").to_series()
    for reason in dict.fromkeys(["too long", "answer not reproducible", *reasons.sort()]):
        store.reject(reason, pl.when(pl.col("_reason") == reason).then(pl.col("_why")))
    store.drop(*(name for name in ("_reason", "_why", "_cut") if name in store.columns))


def _classification(task: Classification, store: RowStore) -> Examples:
    features, categorical = features_of(store)
    counts = store.rows.group_by("split", "answer").len().collect(engine="streaming")
    classes = sorted(counts["answer"].unique())
    if len(classes) < 2:
        raise UsageError(f"Every row has the class '{classes[0]}', so there is nothing to learn: check data.label.")
    if task.positive and task.positive not in classes:
        raise UsageError(f"task.positive={task.positive} is not one of the classes {', '.join(classes[:9])}.")
    if task.decision == THRESHOLD and len(classes) > 2:
        raise UsageError(f"task.decision=threshold is for two classes, and there are {len(classes)}: leave it out.")
    if unseen := set(classes) - set(counts.filter(split="train")["answer"]):
        raise UsageError(
            f"No row of train has the class '{min(unseen)}': bring rows of it that come to train (with data.split.time "
            "earlier ones), or take its rows out."
        )
    balance = {
        split: dict(sorted(counts.filter(split=split).select("answer", "len").iter_rows()))
        for split in ("train", "validation")
    }
    statistics = {"columns": _columns(store, features), "classes": balance}
    return Examples(features, categorical, classes, statistics=statistics, warnings=class_names.warnings(classes))


def _multi_label(task: MultiLabel, store: RowStore) -> Examples:
    features, categorical = features_of(store)
    counts = store.rows.group_by("split", "answer").len().collect(engine="streaming")
    rows: dict[str, Counter[str]] = {split: Counter() for split in SPLITS}
    for split, answer, n in counts.iter_rows():
        for label in task.labels(answer):
            rows[split][label] += n
    labels = sorted(rows["train"])
    if not labels:
        raise UsageError("No row of train has a label, so there is nothing to learn: check the column of the labels.")
    warnings = class_names.warnings(labels)
    if unseen := sorted({*rows["validation"], *rows["test"]} - set(labels)):
        warnings.append(f"no row of train has the label '{unseen[0]}'{_more(unseen)}, so that no model can say it")
    without = (
        counts.filter(pl.col("answer") == "[]", pl.col("split") != "test").group_by("split").agg(pl.col("len").sum())
    )
    statistics = {
        "columns": _columns(store, features),
        "classes": {split: dict(sorted(rows[split].items())) for split in ("train", "validation")},
        "without label": dict(without.iter_rows()),
    }
    return Examples(features, categorical, labels, statistics=statistics, warnings=warnings)


def _more(labels: list[str]) -> str:
    return f", nor {len(labels) - 1} more of validation or test" if len(labels) > 1 else ""


def _regression(store: RowStore) -> Examples:
    features, categorical = features_of(store)
    number = pl.col("answer").cast(pl.Float64)
    found = {
        "rows": pl.len(),
        "distinct": number.n_unique(),
        "mean": number.mean(),
        "deviation": number.std(ddof=0),
        **{name: number.quantile(share, "linear") for name, share in QUANTILES.items()},
    }
    seen = store.rows.filter(pl.col("split") != "test").group_by("split").agg(**found).collect(engine="streaming")
    numbers = {name: seen.filter(split=name).drop("split").row(0, named=True) for name in ("train", "validation")}
    if numbers["train"]["distinct"] < 2:
        raise UsageError(
            f"Every row of train has the label {numbers['train']['mean']:g}, so there is nothing to learn: check "
            "data.label."
        )
    statistics = {"columns": _columns(store, features), "numbers": numbers}
    return Examples(features, categorical, statistics=statistics)


def _columns(store: RowStore, features: list[str]) -> dict[str, dict[str, Any]]:
    """Type, share of missing values (0 to 1) and number of distinct values (estimated above EXACT_ROWS rows)."""
    seen = store.rows.filter(pl.col("split") != "test")
    distinct = pl.Expr.n_unique if store.height <= EXACT_ROWS else pl.Expr.approx_n_unique
    facts: dict[str, dict[str, Any]] = {}
    for name in features:  # one at a time, so that the values of one column are in memory
        column = pl.col(name)
        asked = seen.select(column.null_count().alias("missing"), distinct(column).alias("distinct"), rows=pl.len())
        missing, values, rows = asked.collect(engine="streaming").row(0)
        facts[name] = {"type": str(store.columns[name]), "missing": round(missing / rows, 6), "distinct": values}
    return facts
