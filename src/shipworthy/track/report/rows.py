"""Example rows for the report: rows of the data, and predictions of the tuned model that are wrong."""

from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

from shipworthy.core.artifact import Artifact
from shipworthy.evaluation import figures
from shipworthy.evaluation.metric import metric as of_name
from shipworthy.evaluation.predictions import CORRECT, SCORED
from shipworthy.models import parquet
from shipworthy.models.dataset import DatasetInfo, info, split, table
from shipworthy.models.documents import documents

LONGEST = 320
FEW_COLUMNS = 3


def question(row: Mapping[str, Any], features: Sequence[str]) -> str:
    """A row's inputs on one line; where there are many columns, with their names."""
    few = len(features) <= FEW_COLUMNS
    parts = [f"{row[name]}" if few else f"{name} {row[name]}" for name in features]
    text = (": " if few else ", ").join(parts)
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"


def data(dataset: Artifact, examples: int = 3) -> dict[str, Any]:
    """Counts, what was rejected and why, and a few rows of train."""
    known = info(dataset)
    train = _evenly(split(dataset, "train"), examples)
    rejected = table(dataset, "rejected")
    reasons = rejected.group_by("reason").len().sort("len", "reason", descending=[True, False])
    return {
        "source": _source(known),
        "rows": known.rows,
        "documents": {name: one["of"] for name, one in known.statistics.get("chunked", {}).items()},
        "rejected": list(reasons.iter_rows()),
        "rejected_total": rejected.height,
        "examples": [(question(row, known.features), row["answer"]) for row in train.iter_rows(named=True)],
    }


def _source(known: DatasetInfo) -> str:
    """Name and licence of the source, where they are known."""
    source = known.statistics.get("source")
    if not isinstance(source, Mapping):
        return ""
    return ", ".join(str(source[key]) for key in ("name", "licence") if key in source)


def errors(
    dataset: Artifact, evaluation: Artifact, metric: str, tuned: str, best_baseline: str, most: int = 10
) -> dict[str, Any]:
    """Predictions of the tuned model that are worth reading, beside the best baseline's.

    Where answers are right or wrong, wrong ones, those first that the best baseline got right (so the answer is known):
    `wrong`, `lost`, `n` and `rows`. Else, where the deciding metric has a number for each row, the worst by it: `n` and
    `rows`. Where neither is so, no rows.
    """
    known = info(dataset)
    theirs = _predictions(evaluation, best_baseline).rename(lambda name: name if name == "id" else f"other_{name}")
    rows = (
        _predictions(evaluation, tuned)
        .join(theirs, on="id")
        .join(documents(split(dataset, "test")).select("id", *known.features), on="id")
    )
    if CORRECT in rows.columns:
        return _wrong(rows, known.features, most)
    if of_name(metric).KIND == "whole":
        return {"rows": []}
    return {"n": rows.height, "rows": _worst(rows, metric, known.features, most)}


def _wrong(rows: pl.DataFrame, features: Sequence[str], most: int) -> dict[str, Any]:
    wrong = rows.filter(~pl.col(CORRECT)).sort("other_correct", "id", descending=[True, False])
    lost = wrong.filter("other_correct")
    # Half of them lost to the baseline, half wrong in both; each evenly over the ids, for these have an order.
    shown = pl.concat([_evenly(lost, most // 2), _evenly(wrong.filter(~pl.col("other_correct")), most - most // 2)])
    named = ("id", "prediction", "other_prediction", "other_correct")
    found = [
        {"question": question(row, features), **{name: row[name] for name in named}}
        for row in shown.iter_rows(named=True)
    ]
    return {"wrong": wrong.height, "lost": lost.height, "n": rows.height, "rows": found}


def _worst(rows: pl.DataFrame, metric: str, features: Sequence[str], most: int) -> list[dict[str, Any]]:
    up = of_name(metric).GREATER_IS_BETTER
    return [
        {
            "question": question(row, features),
            **{name: row[name] for name in ("id", "prediction", "other_prediction")},
            **{name: figures.figure(metric, row[name]) for name in (SCORED, f"other_{SCORED}")},
        }
        for row in rows.sort(SCORED, "id", descending=[not up, False]).head(most).iter_rows(named=True)
    ]


def _predictions(evaluation: Artifact, name: str) -> pl.DataFrame:
    frame = parquet.read(evaluation.file(f"predictions/{name}.parquet"))
    return frame.select("id", "prediction", SCORED, *([CORRECT] if CORRECT in frame.columns else []))


def _evenly(rows: pl.DataFrame, most: int) -> pl.DataFrame:
    return rows.gather_every(max(1, rows.height // most)).head(most)
