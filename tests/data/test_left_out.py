"""What is left out is said with its reasons, and kept where a dataset is refused."""

from pathlib import Path

import polars as pl
import pytest

from shipworthy.data import left_out
from shipworthy.data.left_out import NoRowsError, RefusedFolder
from shipworthy.data.row_store import RowStore


def store(folder: Path, *details: str | None) -> RowStore:
    rows = pl.DataFrame(
        {"id": [f"r{i:02}" for i in range(len(details))], "why": list(details)}, schema_overrides={"why": pl.String}
    )
    made = RowStore(rows, folder)
    for reason in ("empty", "length", "language", "contamination", "train is capped"):
        made.reject(reason, pl.when(pl.col("why").str.starts_with(reason)).then(pl.col("why")))
    return made


def test_the_most_frequent_reasons_are_named_with_their_first_row(tmp_path: Path) -> None:
    rows = store(
        tmp_path,
        "length: 3",
        "empty: b",
        None,
        "length: 1",
        "language: xx",
        "length: 2",
        "language: yy",
        "contamination",
    )
    assert left_out.causes(rows) == (
        "3 length ('r00': length: 3), 2 language ('r04': language: xx), 1 empty ('r01': empty: b), 1 for other reasons"
    )
    assert left_out.summary(rows)["reasons"]["length"] == {"rows": 3, "share": 0.375}


@pytest.mark.parametrize(
    ("gone", "said"),
    [
        (["empty"] * 2, []),
        (["empty"] * 3, ["30% of the rows (3 of 10) are left out: 3 empty (30%)"]),
        (["empty", "length", "length"], ["30% of the rows (3 of 10) are left out: 1 empty (10%), 2 length (20%)"]),
        (["train is capped"] * 8, []),
    ],
)
def test_a_warning_where_many_rows_go(tmp_path: Path, gone: list[str], said: list[str]) -> None:
    found = left_out.warnings(store(tmp_path, *gone, *[None] * (10 - len(gone))))
    assert [sentence.partition(";")[0] for sentence in found] == said


def test_rejected_rows_are_kept_where_none_is_left(tmp_path: Path) -> None:
    rows = store(tmp_path / "rows", "empty: a", "empty: b")
    refused = RefusedFolder(tmp_path / ".dataset.tmp")
    with (
        pytest.raises(
            NoRowsError, match=r"No row is left of 2: 2 empty .'r00': empty: a.: .* Every rejected row, .*"
        ) as error,
        refused.keeps_rejected(rows),
    ):
        left_out.require_rows(rows)
    kept = tmp_path / "dataset.refused" / "rejected.parquet"
    assert str(error.value).endswith(str(kept))
    assert pl.read_parquet(kept)["detail"].to_list() == ["empty: a", "empty: b"]
    refused.clear()
    assert not kept.exists()
