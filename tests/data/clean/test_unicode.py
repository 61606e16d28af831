"""The vectorised way gives what the plain one does."""

import unicodedata

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shipworthy.data.clean.unicode import normalized
from shipworthy.models.normalize import normalize_text as clean

STRANGE = st.sampled_from(
    [
        " ",
        "\t",
        "\x1c",
        "\x85",
        "\u00a0",
        "\u200b",
        "\ufeff",
        "\u2028",
        "\u3000",
        "\u0301",
        "e",
        "é",
        "ﬁ",
        "\x00",
        "\U000e0001",
        "\u200c",
        "\u200d",
        "\u200f",
        "\ufe0f",
        "\u00ad",
        "\ufffe",
        "👍",
        "\U0001f3fd",
    ]
)
TEXT = st.lists(st.one_of(STRANGE, st.characters(exclude_categories=["Cs"])), max_size=12).map("".join)


@settings(max_examples=150, deadline=None)
@given(st.lists(TEXT, max_size=8))
def test_it_is_clean_for_whole_columns(texts: list[str]) -> None:
    frame = pl.DataFrame({"t": texts}, schema={"t": pl.String})
    assert frame.select(normalized(pl.col("t")))["t"].to_list() == [clean(text) for text in texts]


def test_every_character_is_treated_the_same() -> None:
    """Those too that one of the two libraries' versions of Unicode does not know yet."""
    characters = [chr(code) for code in range(0x110000) if not 0xD800 <= code < 0xE000]
    blocks = ["a" + "a".join(characters[i : i + 256]) + "a" for i in range(0, len(characters), 256)]
    ours = pl.DataFrame({"t": blocks}).select(normalized(pl.col("t")))["t"].to_list()
    assert [i for i, (a, b) in enumerate(zip(ours, map(clean, blocks), strict=True)) if a != b] == []


@pytest.mark.parametrize(("form", "expected"), [("NFC", "ﬁ x² é"), ("NFKC", "fi x2 é")])
def test_forms(form: str, expected: str) -> None:
    frame = pl.DataFrame({"t": ["ﬁ\ufeff x² e\u0301 ", None]})
    assert frame.select(normalized(pl.col("t"), form))["t"].to_list() == [expected, None]
    assert unicodedata.is_normalized(form, expected)
