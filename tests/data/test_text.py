"""Cleaned text and its words."""

from hypothesis import given
from hypothesis import strategies as st

from shipworthy.data.text import clean, words


@given(st.text())
def test_clean_is_printable_and_final(text: str) -> None:
    once = clean(text)
    assert once.isprintable()
    assert once == once.strip()
    assert "  " not in once
    assert clean(once) == once


@given(st.text(alphabet="abc ,.!-"))
def test_words_ignore_punctuation_and_case(text: str) -> None:
    assert words(text.upper() + "!") == words(text)
