"""Text in one form, and its words."""

from hypothesis import given
from hypothesis import strategies as st

from shipworthy.data.normalize import normalize_text, words


@given(st.text())
def test_normalized_text_is_printable_and_final(text: str) -> None:
    once = normalize_text(text)
    assert once.isprintable()
    assert once == once.strip()
    assert "  " not in once
    assert normalize_text(once) == once


@given(st.text(alphabet="abc ,.!-"))
def test_words_ignore_punctuation_and_case(text: str) -> None:
    assert words(text.upper() + "!") == words(text)
