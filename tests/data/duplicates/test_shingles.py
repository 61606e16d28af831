"""Hashed words and shingles against models/normalize.py and sets of tuples."""

import numpy as np
import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from shipworthy.data.duplicates.shingles import ngram_hashes, shingle_sets, text_hashes, word_hashes
from shipworthy.models.normalize import words
from tests.data.duplicates import plain

ANY = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
SHORT = st.text("ab é_1.\n", max_size=20)
TEXTS_PER_BATCH = st.lists(st.one_of(st.none(), ANY, SHORT), max_size=8)


def rows(ragged):
    return [ragged.values[a:b].tolist() for a, b in zip(ragged.offsets, ragged.offsets[1:], strict=False)]


@settings(max_examples=150, deadline=None)
@given(TEXTS_PER_BATCH)
def test_the_words_are_those_of_text_py(texts: list[str | None]) -> None:
    spelled = [words(text or "") for text in texts]
    hashed = rows(word_hashes(pl.Series(texts, dtype=pl.String)))
    assert [len(row) for row in hashed] == [len(row) for row in spelled]
    names: dict[int, str] = {}
    for row, expected in zip(hashed, spelled, strict=True):
        assert [names.setdefault(value, word) for value, word in zip(row, expected, strict=True)] == expected
    assert len(set(names.values())) == len(names)


@settings(max_examples=80, deadline=None)
@given(TEXTS_PER_BATCH, st.integers(1, 4))
def test_shingles_are_sets_of_runs_of_words(texts: list[str | None], size: int) -> None:
    found = rows(shingle_sets(word_hashes(pl.Series(texts, dtype=pl.String)), size))
    expected = [plain.shingle_sets(text or "", size) for text in texts]
    assert [len(row) for row in found] == [len(row) for row in expected]
    assert all(row == sorted(set(row)) for row in found)
    for a, x in zip(found, expected, strict=True):
        for b, y in zip(found, expected, strict=True):
            assert len(set(a) & set(b)) == len(x & y)


def test_runs_keep_their_order_and_short_texts_have_none() -> None:
    hashed = word_hashes(pl.Series(["a b c d", "b c", "", "a b c", "c"]))
    found = rows(ngram_hashes(hashed, 3))
    assert [len(row) for row in found] == [2, 0, 0, 1, 0]
    assert found[0][0] == found[3][0] != found[0][1]


def test_a_sequence_is_known_by_its_order_and_length() -> None:
    texts = ["a b", "b a", "a", "a a", "", "A, b!", "longer than eight bytes", "longer than eight bytez"]
    found = text_hashes(word_hashes(pl.Series(texts)))
    assert found[0] == found[5]
    assert found[4] == 0
    assert len(np.unique(found)) == len(texts) - 1


def test_long_words_differ_in_any_byte() -> None:
    base = "abcdefgh" * 5
    texts = [base, *(base[:i] + "z" + base[i + 1 :] for i in range(40)), base + "a", base[:-1]]
    assert len(np.unique(word_hashes(pl.Series(texts)).values)) == len(texts)
