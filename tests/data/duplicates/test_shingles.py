"""Hashed words and shingles against models/normalize.py and sets of tuples."""

import numpy as np
import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from shipworthy.data.duplicates.ragged_array import RaggedArray, offsets_from_lengths
from shipworthy.data.duplicates.shingles import _distinct, ngram_hashes, shingle_sets, text_hashes, word_hashes
from shipworthy.models.normalize import words
from tests.data.duplicates import plain

ANY = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
SHORT = st.text("ab é_1.\n", max_size=20)
# Letters beyond ASCII, near one another and far apart, with spaces and what composes with its neighbour.
SPREAD = st.lists(
    st.sampled_from(
        [" ", "a", "é", "e\u0301", "=\u0338", " \u0301", "ﬁ", "字", "🙂", "\u200b", "\n", "Ab 1-" * 20, "b" * 70]
    )
)
TEXTS_PER_BATCH = st.lists(st.one_of(st.none(), ANY, SHORT, SPREAD.map("".join)), max_size=8)


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


def test_rows_of_every_length_are_sorted_sets() -> None:
    rng = np.random.default_rng(3)
    lengths = [0, 1, *range(60, 68), 0, 500, 2, 2, 1, 3, 900, 0]
    values = [rng.integers(0, max(1, length * 2 // 3), length) for length in lengths]
    found = rows(_distinct(RaggedArray(np.concatenate(values), offsets_from_lengths(np.array(lengths)))))
    assert found == [np.unique(row).tolist() for row in values]


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
