"""Text in one form, its words, and how it is cut."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shipworthy.models.normalize import normalize_text, truncate, words


@given(st.text())
def test_normalized_text_is_final(text: str) -> None:
    once = normalize_text(text)
    assert not any(unicodedata.category(c) in ("Cc", "Cs", "Zl", "Zp") for c in once)
    assert "\ufeff" not in once
    assert once == once.strip()
    assert "  " not in once
    assert normalize_text(once) == once
    assert unicodedata.is_normalized("NFC", once)


@pytest.mark.parametrize(
    "text",
    [
        "می\u200cخواهم",
        "क्\u200dष",
        "👨\u200d👩\u200d👧",
        "🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f",
        "❤\ufe0f",
        "\u200fשלום, (abc)\u200e",
        "\u061cسلام",
        "ភាសា\u200bខ្មែរ",
        "co\u00adop",
        "葛\U000e0100",
        "\ue000",
        "\U0001faff",
        "a\u2060b",
    ],
)
def test_format_characters_are_part_of_the_text(text: str) -> None:
    assert normalize_text(text) == text


@pytest.mark.parametrize(
    "nothing", ["\x00", "\x1b", "\x7f", "\x9d", "\ufeff", "\ufffe", "\ufdd0", "\U0010ffff", "\ud83d"]
)
def test_what_carries_nothing_goes(nothing: str) -> None:
    assert normalize_text(f"a{nothing}b") == "ab"


@given(st.text(alphabet="abc ,.!-"))
def test_words_ignore_punctuation_and_case(text: str) -> None:
    assert words(text.upper() + "!") == words(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("می\u200cخواهم کتاب", ["می\u200cخواهم", "کتاب"]),
        ("السَّلامُ عليكم", ["السَّلامُ", "عليكم"]),
        ("कर्म क्\u200dष", ["कर्म", "क्\u200dष"]),
        ("ภาษาไทย ดี", ["ภาษาไทย", "ดี"]),
        ("ភាសា\u200bខ្មែរ", ["ភាសា", "ខ្មែរ"]),
        ("我爱北京!", ["我", "爱", "北", "京"]),
        ("東京タワー", ["東", "京", "タワー"]),
        ("ありがとう", list("ありがとう")),
        ("co\u00adop Co-Op", ["coop", "co", "op"]),
        ("\u200fשלום\u200e", ["שלום"]),
        ("Great 👍🏽👍", ["great", "👍🏽👍"]),
        ("👨\u200d👩\u200d👧", ["👨\u200d👩\u200d👧"]),
        ("❤\ufe0f ❤", ["❤\ufe0f", "❤"]),
        ("20°C ©", ["20", "c"]),
        ("??? …", []),
        ("1\ufe0f\u20e3", ["1\ufe0f\u20e3"]),
        ("e\u0301té", ["été"]),
    ],
)
def test_words_of_every_script(text: str, expected: list[str]) -> None:
    assert words(text) == expected


@given(st.text(max_size=80), st.integers(20, 60), st.sampled_from(["start", "end", "both"]))
def test_a_cut_text_is_short_enough_and_made_of_the_whole(text: str, most: int, keep: str) -> None:
    cut = truncate(text, most, keep)
    assert len(cut) <= most
    if len(text) <= most:
        assert cut == text
    elif keep == "start":
        assert text.startswith(cut)
    elif keep == "end":
        assert text.endswith(cut)
    else:
        head, _, tail = cut.partition(" … ")
        assert text.startswith(head)
        assert text.endswith(tail)


def test_a_cut_keeps_words_and_emoji_whole() -> None:
    text = "one two three four five six seven eight nine ten"
    assert truncate(text, 34, "start") == "one two three four five six seven"
    assert truncate(text, 20, "end") == "seven eight nine ten"
    assert truncate(text, 21, "end") == "seven eight nine ten"
    long = " ".join(f"word{i:02}" for i in range(100))
    head, _, tail = truncate(long, 300, "both").partition(" … ")
    assert long.startswith(head + " ")
    assert long.endswith(" " + tail)
    assert min(len(head), len(tail)) > 130
    family = "👨\u200d👩\u200d👧"
    assert truncate("a" * 22 + family, 25, "start") == "a" * 22
