"""Words and shingles as 64-bit hashes, vectorised over a column; the words are those of models/normalize.py.

Equal hashes mean equal words but for a collision: among 10^8 distinct words the probability of any is about 3 in
10,000.
"""

from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.sparse import csr_array

from shipworthy.data.duplicates.ragged_array import RaggedArray, offsets_from_lengths
from shipworthy.models.normalize import words

Hashes = NDArray[np.uint64]

# For each byte its lower case, or 0 where it is no part of a word. Bytes from 128 on are letters: of texts that have
# some, models/normalize.py has found the words before.
LETTERS = np.zeros(256, np.uint8)
for _letter in b"abcdefghijklmnopqrstuvwxyz0123456789_":
    LETTERS[ord(chr(_letter).upper())] = LETTERS[_letter] = _letter
LETTERS[128:] = np.arange(128, 256)
FIRST_BYTES = np.array([(1 << 8 * n) - 1 for n in range(9)], np.uint64)
GOLDEN_RATIO = np.uint64(0x9E3779B97F4A7C15)
COLUMNS = np.iinfo(np.int64).max


def mix_bits(x: Hashes) -> Hashes:
    """MurmurHash3's finalizer (Appleby 2011): a bijection of 64-bit numbers that spreads every bit over all."""
    x = x ^ (x >> np.uint64(33))
    x *= np.uint64(0xFF51AFD7ED558CCD)
    x ^= x >> np.uint64(33)
    x *= np.uint64(0xC4CEB9FE1A85EC53)
    x ^= x >> np.uint64(33)
    return x


def odd_constants(count: int) -> Hashes:
    """Pseudo-random odd numbers, always the same: shape (count,)."""
    return mix_bits(np.arange(1, count + 1, dtype=np.uint64) * GOLDEN_RATIO) | np.uint64(1)


def word_hashes(texts: pl.Series) -> RaggedArray:
    """The hash of each word of n texts (str; null has no words): n rows of uint64."""
    texts = _fold_non_ascii(texts.fill_null(""))
    joined = texts.str.join("\n").item() if len(texts) else ""
    letters = np.zeros(len(joined.encode()) + 9, np.uint8)
    np.take(LETTERS, np.frombuffer(joined.encode(), np.uint8), out=letters[1:-8])
    inside = letters != 0
    edges = np.flatnonzero(inside[1:] != inside[:-1]) + 1
    starts, stops = edges[::2], edges[1::2]
    # There is one byte before the first text, and one between two texts.
    begins = offsets_from_lengths(texts.str.len_bytes().to_numpy().astype(np.int64) + 1)
    return RaggedArray(_hash(letters, starts, stops - starts), np.searchsorted(starts, begins + 1))


def _fold_non_ascii(texts: pl.Series) -> pl.Series:
    """Texts with a letter beyond ASCII are replaced by their normalised words, joined by spaces."""
    foreign = (texts.str.len_bytes() != texts.str.len_chars()).arg_true().to_list()
    if not foreign:
        return texts
    values = texts.to_list()
    for i in foreign:
        values[i] = " ".join(words(values[i]))
    return pl.Series(values, dtype=pl.String)


def _hash(letters: NDArray[np.uint8], starts: NDArray[Any], lengths: NDArray[Any]) -> Hashes:
    """One hash for each word, eight bytes at a time; words of up to eight bytes can't collide with one another."""
    eight = np.ndarray(len(letters) - 7, "<u8", letters, strides=(1,))
    state = mix_bits(eight[starts] & FIRST_BYTES[np.minimum(lengths, 8)])
    long, done = np.flatnonzero(lengths > 8), 8
    while len(long):
        left = lengths[long] - done
        state[long] = mix_bits(
            state[long] * GOLDEN_RATIO ^ (eight[starts[long] + done] & FIRST_BYTES[np.minimum(left, 8)])
        )
        long, done = long[left > 8], done + 8
    return state


def ngram_hashes(hashed: RaggedArray, size: int) -> RaggedArray:
    """The hash of each n-gram of `size` words, in order; a shorter text has none."""
    lengths, total = hashed.lengths, max(0, len(hashed.values) - size + 1)
    summed = np.zeros(total, np.uint64)
    for k, salt in enumerate(odd_constants(size)):
        summed += hashed.values[k : k + total] * salt
    whole = np.ones(len(hashed.values), np.bool_)
    for k in range(1, size):
        whole[hashed.offsets[1:][lengths >= k] - k] = False
    return RaggedArray(mix_bits(summed[whole[:total]]), offsets_from_lengths(np.maximum(lengths - size + 1, 0)))


def text_hashes(hashed: RaggedArray) -> Hashes:
    """One hash for all words of a text in their order; 0 for a text without words; shape (n,)."""
    result = np.zeros(len(hashed), np.uint64)
    place = np.arange(len(hashed.values), dtype=np.uint64) - np.repeat(hashed.offsets[:-1], hashed.lengths).view(
        np.uint64
    )
    some = hashed.lengths > 0
    if some.any():
        result[some] = mix_bits(
            np.add.reduceat(mix_bits(hashed.values + mix_bits(place + GOLDEN_RATIO)), hashed.offsets[:-1][some])
        )
    return result


def shingle_sets(hashed: RaggedArray, size: int) -> RaggedArray:
    """The set of a text's n-grams of `size` words, sorted; a shorter text is one shingle, one without words has none.

    Returns:
        n rows of int64 (63 bits of the hashes), ascending, without repetition.
    """
    every, lengths = ngram_hashes(hashed, size), hashed.lengths
    short = (lengths < size) & (lengths > 0)
    offsets = offsets_from_lengths(np.where(short, 1, every.lengths))
    values = np.empty(offsets[-1], np.uint64)
    alone = np.zeros(offsets[-1], np.bool_)
    alone[offsets[:-1][short]] = True
    values[alone], values[~alone] = text_hashes(hashed)[short], every.values
    return _distinct(RaggedArray((values >> np.uint64(1)).view(np.int64), offsets))


def indicator_matrix(sets: RaggedArray) -> csr_array:
    """Sparse texts × shingles matrix, 1 where a text has a shingle; shape (n, 2^63 - 1)."""
    ones = np.ones(len(sets.values), np.int32)
    return csr_array((ones, sets.values, sets.offsets), shape=(len(sets), COLUMNS))


def _distinct(rows: RaggedArray) -> RaggedArray:
    sets = indicator_matrix(rows)
    sets.sum_duplicates()
    return RaggedArray(sets.indices, sets.indptr)
