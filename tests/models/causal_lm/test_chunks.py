"""A text that is too long is divided into chunks that cover it, fit, and share what was asked."""

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shipworthy.models.causal_lm.fit import LEAST, Chunker, Row
from tests.data.tokens.samples import shared

BESIDE = 7
"""Tokens of the template."""
ROOM = BESIDE + 4 * LEAST
"""Tokens into which a text of `LEAST` characters fits, whatever they are."""


def words(row: Row) -> int:
    """Seven for the template, one for each word."""
    return BESIDE + len(str(row["t"]).split())


def bytes_of(row: Row) -> int:
    """Seven for the template, one for each byte."""
    return BESIDE + len(str(row["t"]).encode())


def chunks(text: str, overlap: int, most: int, tokens: object = words) -> list[str]:
    assert callable(tokens)
    made = Chunker("t", overlap, most).parts({"t": text, "other": "x"}, tokens)
    assert all(row["other"] == "x" for row in made)
    return [str(row["t"]) for row in made]


def test_neighbours_share_whole_words() -> None:
    found = [chunk.split() for chunk in chunks(" ".join(f"w{i}" for i in range(200)), 10, 50)]
    assert [(own[0], own[-1], len(own)) for own in found] == [
        ("w0", "w42", 43),
        ("w33", "w75", 43),
        ("w66", "w108", 43),
        ("w99", "w141", 43),
        ("w132", "w174", 43),
        ("w165", "w199", 35),
    ]


def test_without_an_overlap_each_word_stands_once() -> None:
    text = " ".join(f"w{i}" for i in range(200))
    assert " ".join(chunks(text, 0, 50)) == text


def test_what_fits_is_left_alone_and_so_is_what_never_would() -> None:
    row = {"t": "a  b"}
    assert Chunker("t", 1, 9).parts(row, words)[0] is row
    long = {"t": "a " * LEAST}
    assert Chunker("t", 1, 10).parts(long, words) == [long]


def test_a_long_text_is_not_tokenized_whole_again_and_again() -> None:
    seen: list[int] = []

    def tokens(row: Row) -> int:
        seen.append(len(str(row["t"])))
        return words(row)

    text = " ".join(f"w{i}" for i in range(20_000))
    assert len(chunks(text, 10, 100, tokens)) > 200
    assert sum(seen) < 200 * len(text)
    assert sum(length > 5_000 for length in seen) == 1


ALPHABETS = st.sampled_from(["ab", "äß", "東京", "\U0001f600", "می\u200cخ", "abcdefghij"])
WORDS = st.lists(st.tuples(ALPHABETS, st.integers(1, 12)), min_size=1, max_size=120)


@settings(max_examples=150, deadline=None)
@given(WORDS, st.integers(0, 40), st.integers(ROOM, 160), st.sampled_from([words, bytes_of]))
def test_chunks_cover_the_text_fit_and_share_at_most_the_overlap(
    drawn: list[tuple[str, int]], overlap: int, most: int, tokens: object
) -> None:
    assert callable(tokens)
    text = " ".join(f"{(signs * length)[:length]}{i}" for i, (signs, length) in enumerate(drawn))
    found = chunks(text, overlap, most, tokens)
    if tokens({"t": text}) <= most:
        assert found == [text]
        return
    assert len(found) > 1
    assert all(tokens({"t": chunk}) <= most for chunk in found)
    assert all(tokens({"t": part}) - BESIDE <= overlap for part in shared(text, found))


def test_no_part_of_a_word_is_shared_but_of_what_has_no_spaces() -> None:
    text = " ".join(f"internationalise{i}" for i in range(40))
    assert shared(text, chunks(text, 12, 300, bytes_of)) == [""] * 2
    text = "".join(chr(0x4E00 + i) for i in range(300))
    assert {len(part) for part in shared(text, chunks(text, 30, 300, bytes_of))} == {10}


@pytest.mark.parametrize("overlap", [5, 20])
def test_as_much_is_shared_as_was_asked_where_words_are_short(overlap: int) -> None:
    found = [chunk.split() for chunk in chunks(" ".join(f"w{i}" for i in range(500)), overlap, 50)]
    for before, after in pairwise(found):
        assert len(set(before) & set(after)) == overlap
