"""The distinct texts of a column as sets of shingles, on disk: the input of every method."""

import mmap
from collections.abc import Iterator
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

BATCH_ROWS = 20_000
HELD_TEXTS = 100_000
BATCH_BYTES = 1 << 21
BLOCK_VALUES = 1 << 19
# The pages of a mapped file that were read count as memory of the process. Those of a larger file than this are
# released after every part.
MAPPED_BYTES = 1 << 28
PAGES_AROUND = 1 << 16


@dataclass
class Documents:
    """m distinct texts, numbered by the hash of their words: no number depends on the order of the rows.

    Attributes:
        first_row: shape (m,), the lowest row with that text.
        text_of_row: shape (n,), the text of each row; -1 where it has no words.
        first_identical: shape (n,), the lowest row with the same text, character by character.
        file_position: shape (m,), the row of the file that holds the text.
        offsets: shape (m + 1,), where each row of the file begins (values).
        bitmaps: shape (m, 4), of each row of the file (see set_bitmaps.py).
        file: sorted shingles (int64), one text after the other, in the order of the rows.
        source, column: where the texts are read from.
    """

    first_row: NDArray[np.int32]
    text_of_row: NDArray[np.int32]
    first_identical: NDArray[np.int32]
    file_position: NDArray[np.int32]
    offsets: NDArray[np.int64]
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
            mask = np.zeros(len(self.text_of_row), np.bool_)
            mask[wanted] = True
            found = pl.concat(batches(self.source, self.column, mask))
            yield found.gather(np.argsort(np.argsort(wanted)))

    def bounds(self, minimum: float, numbers: NDArray[Any]) -> Bounds:
        """Which of the texts with these numbers may have at least this Jaccard similarity."""
        at = self.file_position[numbers]
        return Bounds.of(self.bitmaps[at], self.offsets[at + 1] - self.offsets[at], minimum)

    def jaccard(self, left: NDArray[Any], right: NDArray[Any], minimum: float) -> NDArray[np.float64]:
        """The Jaccard similarity of texts left[i] and right[i]: shape (k,).

        It is 0 where the lengths alone show that it is below `minimum`. It is computed from sets of 63-bit hashes:
        exact but for collisions (see shingles.py).
        """
        a, b = self.file_position[left], self.file_position[right]
        of_a, of_b = self.offsets[a + 1] - self.offsets[a], self.offsets[b + 1] - self.offsets[b]
        shorter, longer = np.minimum(of_a, of_b), np.maximum(of_a, of_b)
        result = np.zeros(len(a))
        likely = np.flatnonzero(shorter >= minimum * longer)
        if not len(likely):
            return result
        with self.file.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as mapped:
            sets = RaggedArray(np.frombuffer(mapped, np.int64), self.offsets)
            large = len(mapped) > MAPPED_BYTES
            step = MAPPED_BYTES // PAGES_AROUND // 2 if large else len(likely)
            for some in (likely[i : i + step] for i in range(0, len(likely), step)):
                for low, high in batch_bounds(offsets_from_lengths(shorter[some] + longer[some]), BLOCK_VALUES):
                    part = some[low:high]
                    shared = intersections(sets.take(a[part]), sets.take(b[part]))
                    result[part] = shared / (shorter[part] + longer[part] - shared)
                if large:
                    mapped.madvise(mmap.MADV_DONTNEED)
            del sets
        return result


def intersections(a: RaggedArray, b: RaggedArray) -> NDArray[np.int64]:
    """How many values row i of a and row i of b share, both sorted and without repetition: shape (k,)."""
    x, y = shingles.indicator_matrix(a), shingles.indicator_matrix(b)
    x.has_canonical_format = y.has_canonical_format = True
    shared: NDArray[np.int64] = np.diff(x.multiply(y).indptr)
    return shared


def read(rows: pl.LazyFrame, column: str, size: int, folder: Path, mapper: Mapper) -> Documents:
    """Reads the texts once to find identical ones, and once more to hash the words of the distinct ones.

    Args:
        rows: n rows.
        column: the texts (str).
        size: length of a shingle (words).
        folder: where the file goes.
        mapper: who hashes them.
    """
    first_identical = exact.first_identical(rows, column)
    chosen = np.flatnonzero(first_identical == np.arange(len(first_identical)))
    file = folder / f"shingles_{size}"
    lengths, text_hashes, bits = _write(rows, column, size, file, chosen, len(first_identical), mapper)
    worded, spelled = np.flatnonzero(text_hashes), np.full(len(text_hashes), -1, np.int32)
    _, first, inverse = np.unique(text_hashes[worded], return_index=True, return_inverse=True)
    spelled[worded] = inverse
    order = worded[first].astype(np.int32)
    place = np.empty(len(first_identical), np.int32)
    place[chosen] = np.arange(len(chosen), dtype=np.int32)
    return Documents(
        first_row=chosen[order].astype(np.int32),
        text_of_row=spelled[place[first_identical]],
        first_identical=first_identical,
        file_position=order,
        offsets=offsets_from_lengths(lengths),
        bitmaps=bits,
        file=file,
        source=rows,
        column=column,
    )


def _write(
    rows: pl.LazyFrame, column: str, size: int, file: Path, chosen: NDArray[Any], total: int, mapper: Mapper
) -> tuple[NDArray[np.int32], NDArray[np.uint64], Bitmaps]:
    """Writes the shingles of the chosen rows: how many each has, the hash of its words, and its bitmap."""
    mask = np.zeros(total, np.bool_)
    mask[chosen] = True
    lengths, text_hashes = np.empty(len(chosen), np.int32), np.empty(len(chosen), np.uint64)
    bits = np.empty((len(chosen), WORDS), np.uint64)
    done = 0
    with file.open("wb") as out:
        results = mapper(partial(_hashes, size), _small_batches(rows, column, mask))
        for sets, sequence, bitmap in track(results, "shingles of texts, by batch", total=-(-total // BATCH_ROWS)):
            out.write(np.ascontiguousarray(sets.values).data)  # tofile would not say that the disk is full
            lengths[done : done + len(sets)] = sets.lengths
            text_hashes[done : done + len(sets)] = sequence
            bits[done : done + len(sets)] = bitmap
            done += len(sets)
    assert done == len(chosen)
    return lengths, text_hashes, bits


def _hashes(size: int, texts: pl.Series) -> tuple[RaggedArray, NDArray[np.uint64], Bitmaps]:
    """Of some texts the shingles, the hash of the words, and the bitmap."""
    hashed = shingles.word_hashes(texts)
    sets = shingles.shingle_sets(hashed, size)
    return sets, shingles.text_hashes(hashed), bitmaps(sets)


def batches(rows: pl.LazyFrame, column: str, mask: NDArray[np.bool_]) -> Iterator[pl.Series]:
    """The texts of the rows in `mask`, in order, at most `BATCH_ROWS` at a time."""
    low = 0
    for frame in rows.select(column).collect_batches(chunk_size=BATCH_ROWS, maintain_order=True, lazy=True):
        here = mask[low : low + frame.height]
        low += frame.height
        if here.any():
            yield frame[column].filter(pl.Series(here))


def _small_batches(rows: pl.LazyFrame, column: str, mask: NDArray[np.bool_]) -> Iterator[pl.Series]:
    """As `batches`, but of about `BATCH_BYTES` each, so that intermediate arrays stay in the processor's cache."""
    for texts in batches(rows, column, mask):
        for low, high in text_batch_bounds(texts):
            yield texts[low:high]


def text_batch_bounds(texts: pl.Series) -> Iterator[tuple[int, int]]:
    """Ranges (from, to) of texts of about `BATCH_BYTES` each."""
    return batch_bounds(offsets_from_lengths(texts.str.len_bytes().fill_null(0).to_numpy()), BATCH_BYTES)
