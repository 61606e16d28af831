"""The distinct texts of a column as sets of shingles, on disk: the input of every method."""

import mmap
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from shipworthy.core.parallel import Mapper
from shipworthy.core.progress import track
from shipworthy.data.duplicates import exact, shingles
from shipworthy.data.duplicates.ragged_array import RaggedArray, batch_bounds, offsets_from_lengths
from shipworthy.data.duplicates.set_bitmaps import WORDS, Bitmaps, Bounds, bitmaps

HELD_TEXTS = 100_000
BATCH_BYTES = 1 << 21
BLOCK_VALUES = 1 << 19
PAIR_VALUES = 1 << 23
"""Shingles of the pairs whose texts are read at once; a text of several pairs is read once."""
# The pages of a mapped file that were read count as memory of the process. They are released after so many bytes.
MAPPED_BYTES = 1 << 26


@dataclass
class Documents:
    """m distinct texts, numbered by the hash of their words: no number depends on the order of the rows.

    Attributes:
        first_row: shape (m,), the lowest row with that text.
        text_of_row: shape (n,), the text of each row; -1 where it has no words.
        first_identical: shape (n,), the lowest row with the same text, character by character.
        file_position: shape (m,), the row of the file that holds the text.
        offsets: shape (m + 1,), where each row of the file begins (values).
        sizes: shape (m,), the shingles of each text.
        bitmaps: shape (m, 4), see set_bitmaps.py.
        file: sorted shingles (int64), one text after the other, in the order of the rows.
        source, column: where the texts are read from.
    """

    first_row: NDArray[np.int32]
    text_of_row: NDArray[np.int32]
    first_identical: NDArray[np.int32]
    file_position: NDArray[np.int32]
    offsets: NDArray[np.int64]
    sizes: NDArray[np.int32]
    bitmaps: Bitmaps
    file: Path
    source: pl.LazyFrame
    column: str

    def __len__(self) -> int:
        return len(self.file_position)

    def blocks(self) -> Iterator[RaggedArray]:
        """All texts of the file, in its order, about `BLOCK_VALUES` shingles at a time."""
        with self.file.open("rb") as file:
            for low, high in batch_bounds(self.offsets, BLOCK_VALUES):
                offsets = self.offsets[low : high + 1]
                values = np.fromfile(file, np.int64, int(offsets[-1] - offsets[0]))
                yield RaggedArray(values, offsets - offsets[0])

    def texts(self) -> Iterator[pl.Series]:
        """All texts, by number, `HELD_TEXTS` at a time; the source is read again for each part."""
        for low in range(0, len(self), HELD_TEXTS):
            wanted = self.first_row[low : low + HELD_TEXTS]
            order = np.argsort(wanted)
            yield pl.concat(self._rows(wanted[order])).gather(np.argsort(order))

    def _rows(self, rows: NDArray[np.int32]) -> Iterator[pl.Series]:
        """The texts of these rows, ascending."""
        low = 0
        for texts in exact.batches(self.source, self.column):
            here = np.searchsorted(rows, [low, low + len(texts)])
            yield texts.gather(rows[slice(*here)] - low)
            low += len(texts)

    def bounds(self, minimum: float, numbers: NDArray[Any]) -> Bounds:
        """Which of the texts with these numbers may have at least this Jaccard similarity."""
        return Bounds.of(self.bitmaps[numbers], self.sizes[numbers], minimum)

    def jaccard(self, left: NDArray[Any], right: NDArray[Any], minimum: float) -> NDArray[np.float64]:
        """The Jaccard similarity of texts left[i] and right[i]: shape (k,).

        It is 0 where the lengths alone show that it is below `minimum`. It is computed from sets of 63-bit hashes:
        exact but for collisions (see shingles.py).
        """
        of_a, of_b = self.sizes[left].astype(np.int64), self.sizes[right].astype(np.int64)
        shorter, longer = np.minimum(of_a, of_b), np.maximum(of_a, of_b)
        result = np.zeros(len(left))
        likely = np.flatnonzero(shorter >= minimum * longer)
        for low, high in batch_bounds(offsets_from_lengths(shorter[likely] + longer[likely]), PAIR_VALUES):
            part = likely[low:high]
            texts, places = np.unique(np.concatenate([left[part], right[part]]), return_inverse=True)
            sets = self._sets(texts)
            for some, a, b in _blocks(part, places.reshape(2, -1), shorter[part] + longer[part]):
                shared = intersections(sets.take(a), sets.take(b))
                result[some] = shared / (shorter[some] + longer[some] - shared)
        return result

    def _sets(self, texts: NDArray[Any]) -> RaggedArray:
        """The shingles of these texts, read in the order of the file."""
        at = self.file_position[texts]
        order = np.argsort(at)
        offsets = offsets_from_lengths(self.sizes[texts])
        result = RaggedArray(np.empty(offsets[-1], np.int64), offsets)
        if not len(result.values):
            return result
        with self.file.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as mapped:
            whole = RaggedArray(np.frombuffer(mapped, np.int64), self.offsets)
            starts = self.offsets[at[order]]
            edges = np.searchsorted(starts, np.arange(0, starts[-1] + 1, MAPPED_BYTES // 8))
            for low, high in zip(edges, [*edges[1:], len(order)], strict=True):
                some = order[low:high]
                whole.copy(at[some], result, some)
                if len(mapped) > MAPPED_BYTES:
                    mapped.madvise(mmap.MADV_DONTNEED)
            del whole
        return result


def _blocks(
    rows: NDArray[Any], pairs: NDArray[Any], lengths: NDArray[Any]
) -> Iterator[tuple[NDArray[Any], NDArray[Any], NDArray[Any]]]:
    """Rows and pairs of texts, about `BLOCK_VALUES` values at a time."""
    for low, high in batch_bounds(offsets_from_lengths(lengths), BLOCK_VALUES):
        yield rows[low:high], pairs[0, low:high], pairs[1, low:high]


def intersections(a: RaggedArray, b: RaggedArray) -> NDArray[np.int64]:
    """How many values row i of a and row i of b share, both sorted and without repetition: shape (k,)."""
    x, y = shingles.indicator_matrix(a), shingles.indicator_matrix(b)
    x.has_canonical_format = y.has_canonical_format = True
    shared: NDArray[np.int64] = np.diff(x.multiply(y).indptr)
    return shared


def read(rows: pl.LazyFrame, column: str, size: int, folder: Path, mapper: Mapper) -> Documents:
    """Reads the texts, once, and hashes the words of those that have not stood before.

    Args:
        rows: n rows.
        column: the texts (str).
        size: length of a shingle (words).
        folder: where the file goes.
        mapper: who hashes them.
    """
    identical, file = exact.IdenticalTexts(), folder / f"shingles_{size}"
    lengths, text_hashes, bits, chosen = _write(rows, column, size, file, identical, mapper)
    first_identical = identical.first()
    order, spelled = _numbered(text_hashes)
    bits = _ordered(bits, order)
    place = np.empty(len(first_identical), np.int32)
    place[chosen] = np.arange(len(chosen), dtype=np.int32)
    return Documents(
        first_row=chosen[order],
        text_of_row=spelled[place[first_identical]],
        first_identical=first_identical,
        file_position=order,
        offsets=offsets_from_lengths(lengths),
        sizes=lengths[order],
        bitmaps=bits,
        file=file,
        source=rows,
        column=column,
    )


def _numbered(hashes: NDArray[np.uint64]) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """The first row of each hash, by hash, and for each row the number of its hash; 0 is no hash, its number -1."""
    order = np.argsort(hashes, kind="stable").astype(np.int32)
    ordered = hashes[order]
    new = np.ones(len(order), np.bool_)
    new[1:] = ordered[1:] != ordered[:-1]
    new &= ordered != 0
    spelled = np.empty(len(order), np.int32)
    spelled[order] = np.cumsum(new, dtype=np.int32) - 1
    return order[new], spelled


def _ordered(bits: Bitmaps, order: NDArray[np.int32]) -> Bitmaps:
    """The bitmaps in this order, column by column, so that not all are held twice."""
    if len(order) != len(bits):
        return bits[order]
    for k in range(bits.shape[1]):
        bits[:, k] = bits[order, k]
    return bits


def _write(
    rows: pl.LazyFrame, column: str, size: int, file: Path, identical: exact.IdenticalTexts, mapper: Mapper
) -> tuple[NDArray[np.int32], NDArray[np.uint64], Bitmaps, NDArray[np.int32]]:
    """Writes the shingles of texts that are not known to have stood before.

    Returns:
        How many each has, the hash of its words, its bitmap, and its row.
    """
    total = int(rows.select(pl.len()).collect(engine="streaming").item())
    # As many as there are rows, so that no array is made twice; what is never written takes no memory.
    lengths, text_hashes = np.empty(total, np.int32), np.empty(total, np.uint64)
    bits = np.empty((total, WORDS), np.uint64)
    chosen: list[NDArray[np.int32]] = [np.zeros(0, np.int32)]
    done = 0
    with file.open("wb") as out:
        results = mapper(partial(_hashes, size), _small_batches(_new_texts(rows, column, identical, chosen)))
        for sets, sequence, bitmap in track(
            results, "shingles of texts, by batch", total=-(-total // exact.BATCH_ROWS)
        ):
            out.write(np.ascontiguousarray(sets.values).data)  # tofile would not say that the disk is full
            lengths[done : done + len(sets)] = sets.lengths
            text_hashes[done : done + len(sets)] = sequence
            bits[done : done + len(sets)] = bitmap
            done += len(sets)
    return lengths[:done], text_hashes[:done], bits[:done], np.concatenate(chosen)


def _new_texts(
    rows: pl.LazyFrame, column: str, identical: exact.IdenticalTexts, chosen: list[NDArray[np.int32]]
) -> Iterator[pl.Series]:
    """The texts that are not known to have stood before, in order; their rows are added to `chosen`."""
    low = 0
    for texts in exact.batches(rows, column):
        new = identical.add(texts)
        chosen.append((low + np.flatnonzero(new)).astype(np.int32))
        low += len(texts)
        yield texts.filter(pl.Series(new))


def _hashes(size: int, texts: pl.Series) -> tuple[RaggedArray, NDArray[np.uint64], Bitmaps]:
    """Of some texts the shingles, the hash of the words, and the bitmap."""
    hashed = shingles.word_hashes(texts)
    sets = shingles.shingle_sets(hashed, size)
    return sets, shingles.text_hashes(hashed), bitmaps(sets)


def _small_batches(batches: Iterable[pl.Series]) -> Iterator[pl.Series]:
    """The same texts, about `BATCH_BYTES` at a time, so that intermediate arrays stay in the processor's cache."""
    for texts in batches:
        for low, high in text_batch_bounds(texts):
            yield texts[low:high]


def text_batch_bounds(texts: pl.Series) -> Iterator[tuple[int, int]]:
    """Ranges (from, to) of texts of about `BATCH_BYTES` each."""
    return batch_bounds(offsets_from_lengths(texts.str.len_bytes().fill_null(0).to_numpy()), BATCH_BYTES)
