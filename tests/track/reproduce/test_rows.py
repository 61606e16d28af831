"""Rows that changed are named."""

from functools import partial
from pathlib import Path

import polars as pl
import pytest

from shipworthy.core.artifact import read_artifact, write_artifact
from shipworthy.models.dataset import SPLITS
from shipworthy.track.reproduce import rows
from tests.threads import at_once

ROWS = {
    name: pl.DataFrame(
        {"id": [f"{name}-{n}" for n in range(20)], "text": [f"t{n}" for n in range(20)], "answer": ["a", "b"] * 10}
    )
    for name in SPLITS
}


def dataset(folder: Path, parts: dict[str, pl.DataFrame]):
    with write_artifact(folder / "dataset", "dataset", run_id="r", config={}, inputs={}, seeds={}) as target:
        for name, part in parts.items():
            part.write_parquet(target / f"{name}.parquet")
    return read_artifact(folder / "dataset", "dataset")


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    return rows.keep(dataset(tmp_path / "then", ROWS), tmp_path / "runs")


def test_many_that_keep_the_same_rows_at_once_keep_them_once(tmp_path: Path):
    same = dataset(tmp_path / "then", ROWS)

    for number in range(30):
        kept = at_once(partial(rows.keep, same, tmp_path / str(number)))
        assert kept == [rows.folder_of(tmp_path / str(number), same.digest)] * 4, "one that raised kept nothing"
        assert rows.compare(kept[0], same.path) == []


def edited(split: str, change: pl.Expr) -> dict[str, pl.DataFrame]:
    return {**ROWS, split: ROWS[split].with_columns(change)}


def test_the_same_rows_differ_in_nothing(kept: Path, tmp_path: Path):
    assert rows.compare(kept, dataset(tmp_path, ROWS).path) == []


@pytest.mark.parametrize("split", SPLITS)
def test_one_changed_cell_names_its_row(kept: Path, tmp_path: Path, split: str):
    here = pl.col("id") == f"{split}-7"
    changed = edited(split, pl.when(here).then(pl.lit("t7 ")).otherwise(pl.col("text")).alias("text"))
    assert rows.compare(kept, dataset(tmp_path, changed).path) == [f"{split} row {split}-7 is another"]


def test_rows_that_came_and_went_are_named_up_to_a_number(kept: Path, tmp_path: Path):
    fewer = {
        **ROWS,
        "train": ROWS["train"].head(13),
        "test": pl.concat([ROWS["test"], ROWS["test"].head(1).with_columns(id=pl.lit("new"))]),
    }
    found = rows.compare(kept, dataset(tmp_path, fewer).path)
    assert found[:2] == ["train row train-13 is gone", "train row train-14 is gone"]
    assert found[5:] == ["… and 2 more rows are gone", "test row new is new"]


def test_another_order_is_a_difference(kept: Path, tmp_path: Path):
    turned = {**ROWS, "train": ROWS["train"].reverse()}
    assert rows.compare(kept, dataset(tmp_path, turned).path) == ["the rows are the same, in another order"]


def test_a_dataset_is_kept_once(kept: Path, tmp_path: Path):
    before = (kept / rows.ROWS).stat().st_mtime_ns
    again = rows.keep(read_artifact(tmp_path / "then" / "dataset", "dataset"), tmp_path / "runs")
    assert again == kept
    assert (kept / rows.ROWS).stat().st_mtime_ns == before
