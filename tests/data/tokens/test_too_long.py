"""Rows that are too long are counted for each split, with a cut that would let them in."""

import re
from pathlib import Path

import polars as pl

from shipworthy.data.clean.apply import apply
from shipworthy.data.clean.schema import Cleaning, Cut, Truncate
from shipworthy.data.tokens import too_long
from shipworthy.data.tokens.encode import Encoder
from tests.data.tokens.samples import chat, task


def test_each_split_is_named_and_the_proposed_cut_lets_rows_in(tmp_path: Path) -> None:
    asked = task(max_length=200, max_new_tokens=20)
    texts = [f"{'word ' * (10 if i % 3 else 60)}{i}" for i in range(60)]
    splits = ["train"] * 40 + ["validation"] * 10 + ["test"] * 10
    rows = pl.DataFrame({"id": [str(i) for i in range(60)], "split": splits, "text": texts, "answer": "DeleteX"})
    encoder = Encoder(asked, chat(tmp_path))
    encoded = encoder(rows).lazy()
    assert too_long.by_split(encoded) == {
        "train": {"rows": 14, "share": 0.35},
        "validation": {"rows": 3, "share": 0.3},
        "test": {"rows": 3, "share": 0.3},
    }
    [sentence] = too_long.warnings(encoded, asked, "text")
    assert "35.0% of train (14), 30.0% of validation (3), 30.0% of test (3)" in sentence
    most = int(re.search(r"max_characters: (\d+)", sentence)[1])  # type: ignore[index]
    cut = apply(Cleaning(truncate=Truncate({"text": Cut(most)})), rows.lazy(), ["text"]).rows.select(rows.columns)
    assert encoder(cut.collect())["_reason"].to_list() == [None] * 60
    assert most > 80
    assert "clean:" not in too_long.warnings(encoded, asked, "")[0]


def test_nothing_is_said_where_all_fit(tmp_path: Path) -> None:
    rows = pl.DataFrame({"id": ["a"], "split": ["train"], "text": ["short"], "answer": ["X"]})
    assert too_long.warnings(Encoder(task(), chat(tmp_path))(rows).lazy(), task(), "text") == []
