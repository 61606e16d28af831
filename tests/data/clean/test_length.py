"""Lengths in words and characters, against the plain way."""

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from shipworthy.data.clean.apply import apply
from shipworthy.data.clean.length import words
from shipworthy.data.clean.schema import Cleaning, Length, Limits
from shipworthy.models.normalize import words as plain
from tests.data.clean.cleaned import rejected

JOINED = st.sampled_from(
    ["\u200c", "\u200d", "\u200b", "\ufe0f", "\u0301", "👍", "\U0001f3fd", "अ", "ก", "我", " ", "a"]
)
TEXT = st.lists(st.one_of(JOINED, st.characters(exclude_categories=["Cs"])), max_size=20).map("".join)


@settings(max_examples=100, deadline=None)
@given(st.lists(TEXT, max_size=6))
def test_words_are_counted_as_elsewhere(texts: list[str]) -> None:
    frame = pl.DataFrame({"t": texts}, schema={"t": pl.String})
    assert frame.select(words(pl.col("t")))["t"].to_list() == [len(plain(text)) for text in texts]


def test_every_character_counts_the_same() -> None:
    """Alone, between letters, and after a word; those too that one of the libraries does not know."""
    characters = [chr(code) for code in range(0x110000) if not 0xD800 <= code < 0xE000]
    texts = [f"a{c}a {c} ก{c}" for c in characters]
    ours = pl.DataFrame({"t": texts}).select(words(pl.col("t")))["t"].to_list()
    assert [text for text, n in zip(texts, ours, strict=True) if n != len(plain(text))] == []


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
