"""Small dataset artifacts."""

from pathlib import Path

import polars as pl

from shipworthy.core.artifact import Artifact, read_artifact, write_artifact
from shipworthy.core.files import write_json
from shipworthy.models.dataset import DatasetInfo

ROWS = pl.DataFrame(
    {
        "id": [f"row-{i:08}" for i in range(100)],
        "age": [20 + i % 50 for i in range(100)],
        "job": [f"job {i % 7}" for i in range(100)],
        "answer": ["yes" if i % 3 else "no" for i in range(100)],
        "split": ["train" if i < 70 else "validation" if i < 80 else "test" for i in range(100)],
    }
)


def numbered(rows: pl.DataFrame) -> pl.DataFrame:
    """The rows with their numbers as ids, as a source gives them."""
    return rows.with_columns(id=pl.format("row-{}", pl.int_range(rows.height).cast(pl.String).str.zfill(8)))


def named(rows: pl.DataFrame) -> pl.DataFrame:
    """The rows with ids of their own."""
    return rows.with_columns(id=pl.col("id").str.replace("row-", "ticket-"))


def dataset(path: Path, rows: pl.DataFrame, sha256: str = "0") -> Artifact:
    """The artifact that these rows make; `train` in a folder of two parts."""
    whole = rows.with_columns(cluster=pl.col("id"))
    parts = {name: whole.filter(split=name).drop("split") for name in ("train", "validation", "test")}
    with write_artifact(path, "dataset", run_id="r", config={}, inputs={}, seeds={}) as folder:
        (folder / "train.parquet").mkdir()
        for number in (0, 1):
            half = parts["train"][number * 40 : 40 if number == 0 else None]
            half.write_parquet(folder / "train.parquet" / f"part-0000{number}.parquet")
        parts["validation"].write_parquet(folder / "validation.parquet")
        parts["test"].drop("answer").write_parquet(folder / "test.parquet")
        parts["test"].select("id", "answer").write_parquet(folder / "test_answers.parquet")
        source = {"source": {"name": "n", "sha256": sha256}}
        counts = {name: part.height for name, part in parts.items()}
        known = DatasetInfo("classification", ["age", "job"], ["job"], counts, ["no", "yes"], statistics=source)
        write_json(folder / "dataset.json", known.to_json())
    return read_artifact(path, "dataset")
