"""Lengths in words and characters, against the plain way."""

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from shipworthy.data.clean.apply import apply
from shipworthy.data.clean.length import words
from shipworthy.data.clean.schema import Cleaning, Length, Limits
from shipworthy.data.normalize import words as plain
from tests.data.clean.cleaned import rejected

TEXT = st.text(st.characters(codec="utf-8", max_codepoint=0x2FFF, exclude_categories=["Cs", "Cn"]), max_size=20)


@settings(max_examples=100, deadline=None)
@given(st.lists(TEXT, max_size=6))
def test_words_are_counted_as_elsewhere(texts: list[str]) -> None:
    frame = pl.DataFrame({"t": texts}, schema={"t": pl.String})
    assert frame.select(words(pl.col("t")))["t"].to_list() == [len(plain(text)) for text in texts]


def test_texts_outside_their_limits_are_rejected() -> None:
    rows = pl.DataFrame(
        {"id": list("abcd"), "t": ["two words", "one", "far too many words", None], "u": ["x", "x", "x", "long"]}
    )
    config = Cleaning(length=Length({"t": Limits(min_words=2, max_words=3), "u": Limits(max_characters=3)}))
    assert rejected(apply(config, rows.lazy(), ["t", "u"])) == {
        "b": ("length", "t has 1 words, not 2 to 3"),
        "c": ("length", "t has 4 words, not 2 to 3"),
        "d": ("length", "u has 4 characters, not 0 to 3"),
    }
