"""The distinct texts of a column as sets of shingles, on disk: what every method looks at."""

import mmap
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from shipworthy.core.progress import track
from shipworthy.data.duplicates import exact, shingles
from shipworthy.data.duplicates.ragged import Ragged, cuts, ends
from shipworthy.data.duplicates.scratch import ordered

BATCH_ROWS = 20_000
HELD_TEXTS = 100_000
PIECE_BYTES = 1 << 21
BLOCK_VALUES = 1 << 19
# A mapped file counts as memory of the process as far as it was touched. One larger than this is let go of in between.
MAPPED_BYTES = 1 << 28
PAGES_AROUND = 1 << 16


@dataclass
class Documents:
    """m distinct texts, numbered by the hash of their words: no number depends on the order of the rows.

    Attributes:
        first_row: shape (m,), the lowest row with that text.
        number: shape (n,), the text of each row; -1 where it has no words.
        alike: shape (n,), the lowest row with the same characters.
        order: shape (m,), where in the file a text stands.
        offsets: of the file's rows.
        file: sorted shingles (int64), one text after the other, in the order of the rows.
        source, column: where the texts are read from.
    """

    first_row: NDArray[np.int32]
    number: NDArray[np.int32]
    alike: NDArray[np.int32]
    order: NDArray[np.int32]
    offsets: NDArray[np.int64]
    file: Path
    source: pl.LazyFrame
    column: str

    def __len__(self) -> int:
        return len(self.order)

    def blocks(self) -> Iterator[Ragged]:
        """All texts of the file, in its order, some at a time."""
        with self.file.open("rb") as file:
            for low, high in cuts(self.offsets, BLOCK_VALUES):
                offsets = self.offsets[low : high + 1]
                values = np.fromfile(file, np.int64, int(offsets[-1] - offsets[0]))
                yield Ragged(values, offsets - offsets[0])

    def texts(self) -> Iterator[pl.Series]:
        """All texts, in the order of their numbers, some at a time; the source is read anew for each part."""
        for low in range(0, len(self), HELD_TEXTS):
            wanted = self.first_row[low : low + HELD_TEXTS]
            mask = np.zeros(len(self.number), np.bool_)
            mask[wanted] = True
            found = pl.concat(batches(self.source, self.column, mask))
            yield found.gather(np.argsort(np.argsort(wanted)))

    def jaccard(self, left: NDArray[Any], right: NDArray[Any], least: float) -> NDArray[np.float64]:
        """The Jaccard similarity of texts left[i] and right[i]: shape (k,); 0 where it can't be `least`.

        It is that of the sets of 63-bit hashes: exact, but for collisions (see shingles.py).
        """
        a, b = self.order[left], self.order[right]
        lengths = np.diff(self.offsets)
        shorter, longer = np.minimum(lengths[a], lengths[b]), np.maximum(lengths[a], lengths[b])
        result = np.zeros(len(a))
        likely = np.flatnonzero(shorter >= least * longer)
        if not len(likely):
            return result
        with self.file.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as mapped:
            sets = Ragged(np.frombuffer(mapped, np.int64), self.offsets)
            large = len(mapped) > MAPPED_BYTES
            step = MAPPED_BYTES // PAGES_AROUND // 2 if large else len(likely)
            for some in (likely[i : i + step] for i in range(0, len(likely), step)):
                for low, high in cuts(ends(shorter[some] + longer[some]), BLOCK_VALUES):
                    part = some[low:high]
                    shared = intersections(sets.take(a[part]), sets.take(b[part]))
                    result[part] = shared / (shorter[part] + longer[part] - shared)
                if large:
                    mapped.madvise(mmap.MADV_DONTNEED)
            del sets
        return result


def intersections(a: Ragged, b: Ragged) -> NDArray[np.int64]:
    """How many values row i of a and row i of b share, both sorted and without repetition: shape (k,)."""
    x, y = shingles.matrix(a), shingles.matrix(b)
    x.has_canonical_format = y.has_canonical_format = True
    shared: NDArray[np.int64] = np.diff(x.multiply(y).indptr)
    return shared


def read(rows: pl.LazyFrame, column: str, size: int, folder: Path, workers: int) -> Documents:
    """Reads the texts once for what is equal, and once more for the words of what is left.

    Args:
        rows: n rows.
        column: the texts (str).
        size: length of a shingle (words).
        folder: where the file goes.
        workers: threads.
    """
    alike = exact.alike(rows, column)
    chosen = np.flatnonzero(alike == np.arange(len(alike)))
    file = folder / f"shingles_{size}"
    lengths, sequences = _write(rows, column, size, file, chosen, len(alike), workers)
    worded, spelled = np.flatnonzero(sequences), np.full(len(sequences), -1, np.int32)
    _, first, inverse = np.unique(sequences[worded], return_index=True, return_inverse=True)
    spelled[worded] = inverse
    order = worded[first].astype(np.int32)
    place = np.empty(len(alike), np.int32)
    place[chosen] = np.arange(len(chosen), dtype=np.int32)
    return Documents(
        first_row=chosen[order].astype(np.int32),
        number=spelled[place[alike]],
        alike=alike,
        order=order,
        offsets=ends(lengths),
        file=file,
        source=rows,
        column=column,
    )


def _write(
    rows: pl.LazyFrame, column: str, size: int, file: Path, chosen: NDArray[Any], total: int, workers: int
) -> tuple[NDArray[np.int32], NDArray[np.uint64]]:
    """Writes the shingles of the chosen rows: how many each has, and the hash of its words."""
    mask = np.zeros(total, np.bool_)
    mask[chosen] = True

    def compute(texts: pl.Series) -> tuple[Ragged, NDArray[np.uint64]]:
        hashed = shingles.hashed_words(texts)
        return shingles.shingles(hashed, size), shingles.sequences(hashed)

    lengths, sequences = np.empty(len(chosen), np.int32), np.empty(len(chosen), np.uint64)
    done = 0
    with file.open("wb") as out:
        results = ordered(compute, _pieces(rows, column, mask), workers)
        for sets, sequence in track(results, "shingles of texts, by batch", total=-(-total // BATCH_ROWS)):
            out.write(np.ascontiguousarray(sets.values).data)  # tofile would not say that the disk is full
            lengths[done : done + len(sets)] = sets.lengths
            sequences[done : done + len(sets)] = sequence
            done += len(sets)
    assert done == len(chosen)
    return lengths, sequences


def batches(rows: pl.LazyFrame, column: str, mask: NDArray[np.bool_]) -> Iterator[pl.Series]:
    """The texts of the rows in `mask`, in order, some thousand at a time."""
    low = 0
    for frame in rows.select(column).collect_batches(chunk_size=BATCH_ROWS, maintain_order=True, lazy=True):
        here = mask[low : low + frame.height]
        low += frame.height
        if here.any():
            yield frame[column].filter(pl.Series(here))


def _pieces(rows: pl.LazyFrame, column: str, mask: NDArray[np.bool_]) -> Iterator[pl.Series]:
    """As `batches`, but long texts come in smaller numbers, so that what is computed stays in the cache."""
    for texts in batches(rows, column, mask):
        for low, high in portions(texts):
            yield texts[low:high]


def portions(texts: pl.Series) -> Iterator[tuple[int, int]]:
    """Runs (from, to) of texts of about `PIECE_BYTES`."""
    return cuts(ends(texts.str.len_bytes().fill_null(0).to_numpy()), PIECE_BYTES)
