"""Texts that are too long are cut by characters, and counted; short ones and other columns stay as they are."""

import polars as pl
import pytest

from shipworthy.core.errors import UsageError
from shipworthy.data.clean.apply import apply
from shipworthy.data.clean.schema import Cleaning, Cut, Length, Limits, Truncate
from shipworthy.data.kinds.schema import Conversations
from tests.data.clean.cleaned import rejected

LONG = " ".join(f"word{i:02}" for i in range(20))


@pytest.mark.parametrize(
    ("keep", "expected"),
    [
        ("start", " ".join(f"word{i:02}" for i in range(5))),
        ("end", " ".join(f"word{i:02}" for i in range(15, 20))),
        ("both", "word00 word01 … word18 word19"),
    ],
)
def test_long_texts_are_cut_and_counted(keep: str, expected: str) -> None:
    rows = pl.DataFrame({"id": list("abc"), "t": [LONG, "short text", None], "u": [LONG, "x", "y"]})
    most = 30 if keep == "both" else 34
    cleaned = apply(Cleaning(truncate=Truncate({"t": Cut(most, keep)})), rows.lazy(), ["t", "u"])
    found = cleaned.rows.collect()
    assert found["t"].to_list() == [expected, "short text", None]
    assert found["u"].to_list() == [LONG, "x", "y"]
    assert cleaned.rows.select(**cleaned.counts).collect().row(0, named=True) == {"truncate: cut": 1}


def test_lengths_are_judged_after_the_cut() -> None:
    rows = pl.DataFrame({"id": ["a"], "t": [LONG]})
    config = Cleaning(truncate=Truncate({"t": Cut(34)}), length=Length({"t": Limits(max_words=5)}))
    assert rejected(apply(config, rows.lazy(), ["t"])) == {}


def test_what_can_not_work_is_refused() -> None:
    with pytest.raises(UsageError, match="max_characters=0 leaves nothing to read"):
        Cut()
    with pytest.raises(UsageError, match="keep=middle: choose one of start, end, both"):
        Cut(100, "middle")
    with pytest.raises(UsageError, match="truncate.columns is empty"):
        Truncate()
    with pytest.raises(UsageError, match="would cut answers in conversations"):
        Conversations(name="n", licence="l", file="f.jsonl", clean=Cleaning(truncate=Truncate({"messages": Cut(100)})))
    with pytest.raises(UsageError, match="truncate.columns names 'u', which is no column of text here"):
        apply(Cleaning(truncate=Truncate({"u": Cut(100)})), pl.LazyFrame({"t": ["x"]}), ["t"])
