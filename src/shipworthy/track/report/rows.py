"""Example rows for the report: rows of the data, and wrong predictions of the tuned model."""

from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

from shipworthy.core.artifact import Artifact
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


def errors(dataset: Artifact, evaluation: Artifact, tuned: str, best_baseline: str, most: int = 10) -> dict[str, Any]:
    """Wrong predictions of the tuned model, those first that the best baseline got right (so the answer is known)."""
    known = info(dataset)
    theirs = _predictions(evaluation, best_baseline).rename({"prediction": "other", "correct": "other_correct"})
    rows = (
        _predictions(evaluation, tuned)
        .join(theirs, on="id")
        .join(documents(split(dataset, "test")).select("id", *known.features), on="id")
    )
    wrong = rows.filter(~pl.col("correct")).sort("other_correct", "id", descending=[True, False])
    lost = wrong.filter("other_correct")
    # Half of them lost to the baseline, half wrong in both; each evenly over the ids, for these have an order.
    shown = pl.concat([_evenly(lost, most // 2), _evenly(wrong.filter(~pl.col("other_correct")), most - most // 2)])
    return {
        "wrong": wrong.height,
        "lost": lost.height,
        "n": rows.height,
        "rows": [
            {
                "question": question(row, known.features),
                **{k: row[k] for k in ("id", "prediction", "other", "other_correct")},
            }
            for row in shown.iter_rows(named=True)
        ],
    }


def _predictions(evaluation: Artifact, name: str) -> pl.DataFrame:
    return parquet.read(evaluation.file(f"predictions/{name}.parquet")).select("id", "prediction", "correct")


def _evenly(rows: pl.DataFrame, most: int) -> pl.DataFrame:
    return rows.gather_every(max(1, rows.height // most)).head(most)
