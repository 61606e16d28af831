"""The layout of a `dataset` artifact, as those who read it see it.

    train.parquet, validation.parquet   id, cluster, the task's columns, answer
    test.parquet                        the same without answer
    test_answers.parquet                id, answer: opened by evaluation/heldout.py alone
    rejected.parquet                    id, reason, detail, row (JSON)
    dataset.json                        `DatasetInfo`
    data.html                           the report

For text tasks of a model with a tokenizer every split also has `prompt_ids` (list of token ids: the frozen prompt,
ending where the answer begins) and, but for test, `answer_ids` (list of token ids: the answer and its end-of-turn
token).
"""

from dataclasses import asdict, dataclass, field
from hashlib import sha256
from typing import Any

import polars as pl

from shipworthy.core.artifact import Artifact

SPLITS = ("train", "validation", "test")


@dataclass(frozen=True)
class DatasetInfo:
    """What is known of a dataset beside its rows.

    Attributes:
        problem: the task's kind: `text_to_text` or `classification`.
        features: the columns that a model may look at.
        categorical: those of `features` that hold names, not numbers.
        rows: split → number of rows.
        classes: the classes in order (classification), else empty.
        template_sha256: hash of the chat template that made `prompt_ids` (empty for tables).
        eos_id: the token that ends an answer (None for tables).
        statistics: anything else that a reader may want: token counts, rejected by reason, licence, source.
    """

    problem: str
    features: list[str]
    categorical: list[str]
    rows: dict[str, int]
    classes: list[str] = field(default_factory=list)
    template_sha256: str = ""
    eos_id: int | None = None
    statistics: dict[str, Any] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """The content of dataset.json."""
        return asdict(self)


def info(dataset: Artifact) -> DatasetInfo:
    """What dataset.json says."""
    return DatasetInfo(**dataset.json("dataset.json"))


def split(dataset: Artifact, name: str) -> pl.DataFrame:
    """The rows of `train`, `validation` (with answers) or `test` (without)."""
    return pl.read_parquet(dataset.file(f"{name}.parquet"))


def seen(rows: pl.DataFrame, share: float) -> pl.DataFrame:
    """The rows of a split that fall into its first `share` (0 to 1), by the hash of their id.

    Which row falls where depends on its id alone: not on the other rows, their order or the seed.
    """
    return rows.filter(_place(rows) < share)


def unseen(rows: pl.DataFrame, share: float) -> pl.DataFrame:
    """The rows that `seen` leaves out."""
    return rows.filter(_place(rows) >= share)


def _place(rows: pl.DataFrame) -> pl.Series:
    """Where each row stands, from 0 to below 1."""
    digests = [sha256(str(row).encode()).digest()[:8] for row in rows["id"]]
    return pl.Series([int.from_bytes(digest) / 2**64 for digest in digests], dtype=pl.Float64)
