"""Words and shingles as 64-bit hashes, vectorised over a column; the words are those of models/normalize.py.

Equal hashes mean equal words but for a collision: among 10^8 distinct words the probability of any is about 3 in
10,000.
"""

import re
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
# Characters beyond ASCII with fewer than 64 others between two of them.
NON_ASCII = re.compile(r"[^\x00-\x7f](?:.{0,63}[^\x00-\x7f])*", re.DOTALL)
COLUMNS = np.iinfo(np.int64).max
# Rows of fewer values than this are sorted together with those of the same length.
LONG_ROW = 64


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
    joined: bytes = texts.str.join("\n").cast(pl.Binary).item() if len(texts) else b""
    letters = np.zeros(len(joined) + 9, np.uint8)
    letters[1:-8] = np.frombuffer(joined.translate(LETTERS.tobytes()), np.uint8)
    inside = letters != 0
    edges = np.flatnonzero(inside[1:] != inside[:-1]) + 1
    starts, stops = edges[::2], edges[1::2]
    # There is one byte before the first text, and one between two texts.
    begins = offsets_from_lengths(texts.str.len_bytes().to_numpy().astype(np.int64) + 1)
    return RaggedArray(_hash(letters, starts, stops - starts), np.searchsorted(starts, begins + 1))


def _fold_non_ascii(texts: pl.Series) -> pl.Series:
    """What has letters beyond ASCII is replaced by its normalised words, joined by spaces."""
    foreign = (texts.str.len_bytes() != texts.str.len_chars()).arg_true()
    if not len(foreign):
        return texts
    folded = [_fold(text) for text in texts.gather(foreign)]
    return texts.clone().scatter(foreign, pl.Series(folded, dtype=pl.String))


def _fold(text: str) -> str:
    """Each stretch beyond ASCII, with what touches it, as its normalised words; no form of Unicode crosses a space."""
    parts, done = [], 0
    for stretch in NON_ASCII.finditer(text):
        if stretch.end() <= done:
            continue
        low, high = text.rfind(" ", done, stretch.start()) + 1 or done, text.find(" ", stretch.end())
        high = high if high >= 0 else len(text)
        parts += [text[done:low], " ".join(words(text[low:high]))]
        done = high
    return " ".join([*parts, text[done:]])


def _hash(letters: NDArray[np.uint8], starts: NDArray[Any], lengths: NDArray[Any]) -> Hashes:
    """One hash for each word, eight bytes at a time; words of up to eight bytes can't collide with one another."""
    eight = np.ndarray(len(letters) - 7, "<u8", letters, strides=(1,))
    state = mix_bits(eight[starts] & FIRST_BYTES.take(lengths, mode="clip"))
    long, done = np.flatnonzero(lengths > 8), 8
    while len(long):
        left = lengths[long] - done
        state[long] = mix_bits(
            state[long] * GOLDEN_RATIO ^ (eight[starts[long] + done] & FIRST_BYTES.take(left, mode="clip"))
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
    some = hashed.lengths > 0
    if some.any():
        salts = mix_bits(np.arange(hashed.lengths.max(), dtype=np.uint64) + GOLDEN_RATIO)
        place = np.arange(len(hashed.values)) - np.repeat(hashed.offsets[:-1], hashed.lengths)
        result[some] = mix_bits(np.add.reduceat(mix_bits(hashed.values + salts[place]), hashed.offsets[:-1][some]))
    return result


def shingle_sets(hashed: RaggedArray, size: int) -> RaggedArray:
    """The set of a text's n-grams of `size` words, sorted; a shorter text is one shingle, one without words has none.

    Returns:
        n rows of int64 (63 bits of the hashes), ascending, without repetition.
    """
    every, lengths = ngram_hashes(hashed, size), hashed.lengths
    short = np.flatnonzero((lengths < size) & (lengths > 0))
    values, offsets = every.values, every.offsets
    if len(short):
        values = np.insert(values, offsets[short], text_hashes(hashed.take(short)))
        offsets = offsets_from_lengths(np.where(lengths < size, lengths > 0, every.lengths))
    values >>= np.uint64(1)
    return _distinct(RaggedArray(values.view(np.int64), offsets))


def indicator_matrix(sets: RaggedArray) -> csr_array:
    """Sparse texts × shingles matrix, 1 where a text has a shingle; shape (n, 2^63 - 1)."""
    ones = np.ones(len(sets.values), np.int32)
    return csr_array((ones, sets.values, sets.offsets), shape=(len(sets), COLUMNS))


def _distinct(rows: RaggedArray) -> RaggedArray:
    """Each row's distinct values, ascending; the values are sorted where they are."""
    _sort_rows(rows)
    values = rows.values
    repeated = values[1:] == values[:-1]
    begins = rows.offsets[1:-1]
    repeated[begins[(begins > 0) & (begins < len(values))] - 1] = False
    left_out = np.flatnonzero(repeated) + 1
    if not len(left_out):
        return rows
    return RaggedArray(np.delete(values, left_out), rows.offsets - np.searchsorted(left_out, rows.offsets))


def _sort_rows(rows: RaggedArray) -> None:
    """Sorts each row in place: short ones together with those of the same length, long ones one by one."""
    values, starts, lengths = rows.values, rows.offsets[:-1], rows.lengths
    for row in np.flatnonzero(lengths >= LONG_ROW).tolist():
        values[starts[row] : starts[row] + lengths[row]].sort()
    order = np.argsort(lengths, kind="stable")
    edges = np.searchsorted(lengths[order], np.arange(2, LONG_ROW + 1))
    for length, low, high in zip(range(2, LONG_ROW), edges, edges[1:], strict=False):
        if low < high:
            places = starts[order[low:high], None] + np.arange(length)
            values[places] = np.sort(values[places], axis=1)
