"""Keeps a hash of each row of a dataset beside its runs, so that rows which changed since can be named."""

import json
from hashlib import sha256
from pathlib import Path

import polars as pl

from shipworthy.core.artifact import MANIFEST, Artifact
from shipworthy.core.files import new_folder, turn, write_text
from shipworthy.models import parquet
from shipworthy.models.dataset import SPLITS

DATASETS = Path("datasets")
ROWS = "rows.parquet"
KEYS = ["split", "id"]
MOST_NAMED = 5


def folder_of(runs: Path, digest: str) -> Path:
    """Where a dataset's rows and manifest are kept, in the folder of the runs."""
    return runs / DATASETS / digest[:16]


def keep(dataset: Artifact, runs: Path) -> Path:
    """Keeps the hash of each row, and the manifest, unless an earlier run of the same dataset did."""
    folder = folder_of(runs, dataset.digest)
    if not folder.is_dir():
        with turn(folder.with_name(f".{folder.name}.lock")):
            if not folder.is_dir():  # jobs of one sweep start together
                _write(dataset, folder)
    return folder


def _write(dataset: Artifact, folder: Path) -> None:
    with new_folder(folder) as target:
        hashes(dataset.path).write_parquet(target / ROWS)
        write_text(target / MANIFEST, (dataset.path / MANIFEST).read_text(encoding="utf-8"))


def hashes(dataset: Path) -> pl.DataFrame:
    """One row per row of each split: `split`, `id` (str), `sha256` of its columns (the test split has no answers)."""
    found = []
    for name in SPLITS:
        rows = parquet.read(dataset / f"{name}.parquet")
        digests = [sha256(json.dumps(row, default=str).encode()).hexdigest()[:32] for row in rows.iter_rows()]
        ids = rows["id"].cast(pl.String)
        found.append(pl.DataFrame({"split": [name] * rows.height, "id": ids, "sha256": digests}))
    return pl.concat(found)


def compare(kept: Path, dataset: Path) -> list[str]:
    """How `dataset` differs from the one whose rows are in `kept`; the first rows by name, the rest by number.

    Returns:
        Sentences without a full stop, such as `train row 4711 is another`; empty if all rows are the same.
    """
    then, now = parquet.read(kept / ROWS), hashes(dataset)
    parts = {
        "is another": then.join(now, on=KEYS).filter(pl.col("sha256") != pl.col("sha256_right")),
        "is gone": then.join(now, on=KEYS, how="anti"),
        "is new": now.join(then, on=KEYS, how="anti"),
    }
    found = []
    for what, rows in parts.items():
        named = rows.head(MOST_NAMED).select(KEYS)
        found += [f"{split} row {row} {what}" for split, row in named.iter_rows()]
        if rows.height > MOST_NAMED:
            found.append(f"… and {rows.height - MOST_NAMED} more rows {what.replace('is', 'are', 1)}")
    if not found and not then.equals(now):
        found.append("the rows are the same, in another order")
    return found
