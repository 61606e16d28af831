"""A training learns chunks, and is measured on the documents that they are of, each whole."""

from pathlib import Path

import polars as pl
import pytest

from tests.train.lightning.runs import model_in, rows, run


def test_validation_counts_whole_documents(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHIPWORTHY_CACHE", str(tmp_path / "cache"))
    model = model_in(tmp_path / "hub")
    table = rows(model).with_columns(chunk_of="id")
    ids = pl.Series("id", [*table["id"][:8], "a#1", "a#2", "a#3", "b"])
    of = pl.Series("chunk_of", [*table["id"][:8], "a", "a", "a", "b"])
    table = table.with_columns(ids, of)
    done = run(model, tmp_path / "one", table=table, held_out=4, validation_rows=1)
    assert pl.read_parquet(done / "validation.parquet")["id"].to_list() == ["a"]
    done = run(model, tmp_path / "all", table=table, held_out=4, validation_rows=0)
    assert pl.read_parquet(done / "validation.parquet")["id"].to_list() == ["a", "b"]
