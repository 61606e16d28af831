"""The distinct texts of an evaluation set by the bands of their MinHash signatures, on disk."""

import mmap
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shipworthy.data.contamination.schema import Near
from shipworthy.data.duplicates.buckets import NEIGHBOURS
from shipworthy.data.duplicates.documents import intersections
from shipworthy.data.duplicates.minhash import band_keys
from shipworthy.data.duplicates.ragged_array import RaggedArray, batch_bounds, offsets_from_lengths
from shipworthy.data.duplicates.set_bitmaps import WORDS, Bounds, bitmaps
from shipworthy.data.duplicates.shingles import shingle_sets

VALUES_PER_BATCH = 1 << 19
Numbers = NDArray[Any]


class NearMatcher:
    """Evaluation texts that are to be added all, then sorted once, and can then be looked for.

    In memory are about 60 bytes for each text; its shingles and the keys of its bands stand in files.

    Args:
        config: when two texts are near-duplicates.
        total: how many texts will be added.
        folder: an empty folder for the files.
    """

    def __init__(self, config: Near, total: int, folder: Path) -> None:
        self.config = config
        self.texts = np.empty(total, np.int32)
        self._lengths, self._bits = np.empty(total, np.int32), np.empty((total, WORDS), np.uint64)
        self._added = 0
        self._sets, self._keys = folder / "shingles", [folder / f"band_{band:03}" for band in range(config.bands)]
        for file in (self._sets, *self._keys):
            file.touch()

    def add(self, hashed: RaggedArray, texts: Numbers) -> None:
        """Adds texts by their words; `texts` are their numbers, ascending."""
        sets = shingle_sets(hashed, self.config.shingle_words)
        here = slice(self._added, self._added + len(texts))
        self.texts[here], self._lengths[here], self._bits[here] = texts, sets.lengths, bitmaps(sets)
        self._added += len(texts)
        _append(self._sets, sets.values)
        for file, keys in zip(self._keys, band_keys(sets, self.config), strict=True):
            _append(file, keys)

    def sort(self) -> None:
        """Sorts each band by its keys, texts with equal ones by their numbers."""
        assert self._added == len(self.texts)
        self._offsets = offsets_from_lengths(self._lengths)
        self._bounds = Bounds.of(self._bits, self._lengths, self.config.threshold)
        for file in self._keys:
            keys = np.fromfile(file, np.uint32)
            order = np.argsort(keys, kind="stable")
            file.unlink()
            _append(file, keys[order])
            _append(file, order.astype(np.uint32))

    def find(self, hashed: RaggedArray, known: Numbers) -> tuple[Numbers, Numbers, NDArray[np.float64]]:
        """The most similar evaluation text of each training text, if any is similar enough.

        Args:
            hashed: the words of a batch of training texts.
            known: those that are not compared.

        Returns:
            The numbers of the training texts, none twice; those of the evaluation texts; Jaccard's similarity.
        """
        sets = shingle_sets(hashed, self.config.shingle_words)
        left, right = self._candidates(sets, known)
        similarity = self._similarity(sets, left, right)
        close = similarity >= self.config.threshold
        left, right, similarity = left[close], right[close], similarity[close]
        best = np.lexsort((right, -similarity, left))
        rows, first = np.unique(left[best], return_index=True)
        chosen = best[first]
        return rows, self.texts[right[chosen]], similarity[chosen]

    def _similarity(self, sets: RaggedArray, left: Numbers, right: Numbers) -> NDArray[np.float64]:
        similarity = np.zeros(len(left))
        if not len(left):
            return similarity
        a, b = sets.lengths[left], self._lengths[right].astype(np.int64)
        with self._sets.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as mapped:
            others = RaggedArray(np.frombuffer(mapped, np.int64), self._offsets)
            for low, high in batch_bounds(offsets_from_lengths(a + b), VALUES_PER_BATCH):
                shared = intersections(sets.take(left[low:high]), others.take(right[low:high]))
                similarity[low:high] = shared / (a[low:high] + b[low:high] - shared)
            del others
            mapped.madvise(mmap.MADV_DONTNEED)
        return similarity

    def _candidates(self, sets: RaggedArray, known: Numbers) -> tuple[Numbers, Numbers]:
        """Pairs that agree in a band and may be similar; of one band, at most `NEIGHBOURS` for each training text."""
        wanted = sets.lengths > 0
        wanted[known] = False
        rows = np.flatnonzero(wanted)
        chosen = sets.take(rows)
        bounds = Bounds.of(bitmaps(chosen), chosen.lengths, self.config.threshold)
        found = [np.zeros(0, np.int64)]
        for file, keys in zip(self._keys, band_keys(chosen, self.config), strict=True):
            both = np.fromfile(file, np.uint32).reshape(2, -1)
            # In the order of the keys both are read from the beginning to the end.
            packed = np.sort(keys.astype(np.uint64) << np.uint64(32) | np.arange(len(keys), dtype=np.uint64))
            key, row = (packed >> np.uint64(32)).astype(np.uint32), packed.astype(np.uint32).astype(np.int64)
            low = np.searchsorted(both[0], key, side="left")
            count = np.minimum(np.searchsorted(both[0], key, side="right") - low, NEIGHBOURS)
            offsets = offsets_from_lengths(count)
            left = np.repeat(row, count)
            right = both[1][np.arange(offsets[-1]) + np.repeat(low - offsets[:-1], count)]
            possible = bounds.possible(left, self._bounds, right)
            found.append(rows[left[possible]] << 32 | right[possible])
        pairs = np.unique(np.concatenate(found))
        return pairs >> 32, pairs & 0xFFFFFFFF


def _append(file: Path, values: NDArray[Any]) -> None:
    with file.open("ab") as out:
        out.write(np.ascontiguousarray(values).data)  # tofile would not say that the disk is full
