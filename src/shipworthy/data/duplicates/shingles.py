"""Words and shingles as 64-bit hashes, by whole columns; the words are exactly those of data/normalize.py.

Comparing hashes is comparing the words themselves but for a collision: among 10^8 different ones the chance of any is
about 3 in 10,000.
"""

from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.sparse import csr_array

from shipworthy.data.duplicates.ragged import Ragged, ends
from shipworthy.data.normalize import words

Hashes = NDArray[np.uint64]

# A byte of a word in lower case, 0 for one that parts words. Bytes from 128 on are letters: a text that has some is
# taken apart by data/normalize.py before.
LETTERS = np.zeros(256, np.uint8)
for _letter in b"abcdefghijklmnopqrstuvwxyz0123456789_":
    LETTERS[ord(chr(_letter).upper())] = LETTERS[_letter] = _letter
LETTERS[128:] = np.arange(128, 256)
FIRST_BYTES = np.array([(1 << 8 * n) - 1 for n in range(9)], np.uint64)
ODD = np.uint64(0x9E3779B97F4A7C15)
COLUMNS = np.iinfo(np.int64).max


def mix(x: Hashes) -> Hashes:
    """MurmurHash3's finalizer (Appleby 2011): a bijection of 64-bit numbers that spreads every bit over all."""
    x = x ^ (x >> np.uint64(33))
    x *= np.uint64(0xFF51AFD7ED558CCD)
    x ^= x >> np.uint64(33)
    x *= np.uint64(0xC4CEB9FE1A85EC53)
    x ^= x >> np.uint64(33)
    return x


def salts(count: int) -> Hashes:
    """Odd numbers that look random, always the same."""
    return mix(np.arange(1, count + 1, dtype=np.uint64) * ODD) | np.uint64(1)


def hashed_words(texts: pl.Series) -> Ragged:
    """The hash of each word of n texts (str; null has no words): n rows of uint64."""
    texts = _ascii(texts.fill_null(""))
    joined = texts.str.join("\n").item() if len(texts) else ""
    letters = np.zeros(len(joined.encode()) + 9, np.uint8)
    np.take(LETTERS, np.frombuffer(joined.encode(), np.uint8), out=letters[1:-8])
    inside = letters != 0
    edges = np.flatnonzero(inside[1:] != inside[:-1]) + 1
    starts, stops = edges[::2], edges[1::2]
    # One byte stands before the first text, and one between two.
    begins = ends(texts.str.len_bytes().to_numpy().astype(np.int64) + 1)
    return Ragged(_hash(letters, starts, stops - starts), np.searchsorted(starts, begins + 1))


def _ascii(texts: pl.Series) -> pl.Series:
    """Texts with a letter beyond ASCII become their words, already folded, with spaces between."""
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
    state = mix(eight[starts] & FIRST_BYTES[np.minimum(lengths, 8)])
    long, done = np.flatnonzero(lengths > 8), 8
    while len(long):
        left = lengths[long] - done
        state[long] = mix(state[long] * ODD ^ (eight[starts[long] + done] & FIRST_BYTES[np.minimum(left, 8)]))
        long, done = long[left > 8], done + 8
    return state


def runs(hashed: Ragged, size: int) -> Ragged:
    """The hash of each run of `size` words, in order; a text that is shorter has none."""
    lengths, total = hashed.lengths, max(0, len(hashed.values) - size + 1)
    summed = np.zeros(total, np.uint64)
    for k, salt in enumerate(salts(size)):
        summed += hashed.values[k : k + total] * salt
    whole = np.ones(len(hashed.values), np.bool_)
    for k in range(1, size):
        whole[hashed.offsets[1:][lengths >= k] - k] = False
    return Ragged(mix(summed[whole[:total]]), ends(np.maximum(lengths - size + 1, 0)))


def sequences(hashed: Ragged) -> Hashes:
    """One hash for all words of a text in their order; 0 for a text without words; shape (n,)."""
    result = np.zeros(len(hashed), np.uint64)
    place = np.arange(len(hashed.values), dtype=np.uint64) - np.repeat(hashed.offsets[:-1], hashed.lengths).view(
        np.uint64
    )
    some = hashed.lengths > 0
    if some.any():
        result[some] = mix(np.add.reduceat(mix(hashed.values + mix(place + ODD)), hashed.offsets[:-1][some]))
    return result


def shingles(hashed: Ragged, size: int) -> Ragged:
    """The set of a text's runs of `size` words, sorted; a text that is shorter is one shingle, without words none.

    Returns:
        n rows of int64 (63 bits of the hashes), ascending, without repetition.
    """
    every, lengths = runs(hashed, size), hashed.lengths
    short = (lengths < size) & (lengths > 0)
    offsets = ends(np.where(short, 1, every.lengths))
    values = np.empty(offsets[-1], np.uint64)
    alone = np.zeros(offsets[-1], np.bool_)
    alone[offsets[:-1][short]] = True
    values[alone], values[~alone] = sequences(hashed)[short], every.values
    return _distinct(Ragged((values >> np.uint64(1)).view(np.int64), offsets))


def matrix(sets: Ragged) -> csr_array:
    """Texts × shingles, a one where a text has a shingle; shape (n, 2^63 - 1), for it is sparse."""
    ones = np.ones(len(sets.values), np.int32)
    return csr_array((ones, sets.values, sets.offsets), shape=(len(sets), COLUMNS))


def _distinct(rows: Ragged) -> Ragged:
    sets = matrix(rows)
    sets.sum_duplicates()
    return Ragged(sets.indices, sets.indptr)
