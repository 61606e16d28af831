"""The layout of a `dataset` artifact, as those who read it see it.

    train.parquet, validation.parquet   id, cluster, the task's columns, answer (text, of a regression a number as
                                        text, of several labels a JSON list); `fold` in train, if it was asked for
    test.parquet                        the same without answer
    test_answers.parquet                id, answer: opened by evaluation/heldout.py alone
    rejected.parquet                    id, reason, detail, row (JSON)
    split_check.parquet, .json          what `scripts/check_split` checks
    dataset.json                        `DatasetInfo`
    data.html                           the report
    fitted.json                         where something was fitted on train: the transformation that made the task's
                                        columns (models/transform/)
    raw_validation.parquet              there, and where texts are divided: the validation rows before it

What is large is a folder of this name, train.parquet/part-00000.parquet and so on; `table` and `scan` read both.

For text tasks of a model with a tokenizer every split also has `prompt_ids` (list of token ids: the frozen prompt,
ending where the answer begins) and, but for test, `answer_ids` (list of token ids: the answer and its end-of-turn
token). Where long texts are divided into chunks (`task.too_long=chunk`), `chunk_of` names each row's document
(models/documents.py).
"""

from dataclasses import asdict, dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

import polars as pl

from shipworthy.core.artifact import Artifact
from shipworthy.models import parquet
from shipworthy.models.documents import names
from shipworthy.models.rows import GROUP

SPLITS = ("train", "validation", "test")
SPLIT_CHECK = "split_check.json"


@dataclass(frozen=True)
class DatasetInfo:
    """What is known of a dataset beside its rows.

    Attributes:
        problem: the task's kind: `text_to_text`, `classification`, `multi_label` or `regression`.
        features: the columns that a model may look at.
        categorical: those of `features` that hold names, not numbers.
        rows: split → number of rows.
        classes: the classes in order (classification), or the labels of train (multi_label); else empty.
        template_sha256: hash of the chat template that made `prompt_ids` (empty for tables).
        eos_id: the token that ends an answer (None for tables).
        columns: name → type of the source's columns, as it was enforced (? where it may be empty).
        statistics: anything else that a reader may want: token counts, rejected by reason, licence, source.
    """

    problem: str
    features: list[str]
    categorical: list[str]
    rows: dict[str, int]
    classes: list[str] = field(default_factory=list)
    template_sha256: str = ""
    eos_id: int | None = None
    columns: dict[str, str] = field(default_factory=dict)
    statistics: dict[str, Any] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """The content of dataset.json."""
        return asdict(self)


def info(dataset: Artifact) -> DatasetInfo:
    """What dataset.json says."""
    return DatasetInfo(**dataset.json("dataset.json"))


def split(dataset: Artifact, name: str) -> pl.DataFrame:
    """The rows of `train`, `validation` (with answers) or `test` (without).

    Where `data.split.group_columns` says which rows belong together, GROUP names each row's group, by its lowest id.
    """
    rows = table(dataset, name)
    known = dataset.json(SPLIT_CHECK) if SPLIT_CHECK in dataset.manifest.files else {}
    if not known.get("group_columns"):
        return rows
    group = table(dataset, "split_check").select("id", pl.col("group").alias(GROUP))
    grouped = pl.DataFrame({"id": names(rows)}).join(group, on="id", how="left", maintain_order="left")
    return rows.with_columns(grouped[GROUP])


def table(dataset: Artifact, name: str) -> pl.DataFrame:
    """One of the dataset's tables: a split, `test_answers` or `rejected`."""
    return parquet.read(files(dataset, name))


def scan(dataset: Artifact, name: str) -> pl.LazyFrame:
    """The same, to be read in parts."""
    return parquet.scan(files(dataset, name))


def files(dataset: Artifact, name: str) -> list[Path]:
    """The files of one of the dataset's tables, in order.

    Raises:
        ArtifactError: the manifest lists none.
    """
    parts = [one for one in sorted(dataset.manifest.files) if one.startswith(f"{name}.parquet/")]
    return [dataset.file(one) for one in parts or [f"{name}.parquet"]]


def seen(rows: pl.DataFrame, share: float) -> pl.DataFrame:
    """The rows of a split that fall into its first `share` (0 to 1), by the hash of their document's id.

    Which row falls where depends on that id alone: not on the other rows, their order or the seed. Rows of one group
    fall together, by the group's name.
    """
    return rows.filter(_place(rows) < share)


def unseen(rows: pl.DataFrame, share: float) -> pl.DataFrame:
    """The rows that `seen` leaves out."""
    return rows.filter(_place(rows) >= share)


def _place(rows: pl.DataFrame) -> pl.Series:
    """Where each row stands, from 0 to below 1."""
    together = rows[GROUP] if GROUP in rows.columns else names(rows)
    digests = [sha256(str(row).encode()).digest()[:8] for row in together]
    return pl.Series([int.from_bytes(digest) / 2**64 for digest in digests], dtype=pl.Float64)
