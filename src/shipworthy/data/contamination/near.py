"""The distinct texts of an evaluation set by the bands of their MinHash signatures, on disk."""

import mmap
from itertools import chain
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
from shipworthy.data.duplicates.signatures import SIGNATURES

VALUES_PER_BATCH = 1 << 19
Numbers = NDArray[Any]


class NearMatcher:
    """Evaluation texts that are to be added all, then sorted once, and can then be looked for.

    In memory are about 60 bytes for each text; its shingles and the keys of its bands are in files.

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
        self._sets = folder / "shingles"
        self._keys = [[folder / f"{one.name}_{band:03}" for band in range(config.bands)] for one in SIGNATURES]
        for file in (self._sets, *chain(*self._keys)):
            file.touch()

    def add(self, hashed: RaggedArray, texts: Numbers) -> None:
        """Adds texts by their words; `texts` are their numbers, ascending."""
        sets = shingle_sets(hashed, self.config.shingle_words)
        here = slice(self._added, self._added + len(texts))
        self.texts[here], self._lengths[here], self._bits[here] = texts, sets.lengths, bitmaps(sets)
        self._added += len(texts)
        _append(self._sets, sets.values)
        for signature, files in zip(SIGNATURES, self._keys, strict=True):
            for file, keys in zip(files, band_keys(sets, self.config, signature), strict=True):
                _append(file, keys)

    def sort(self) -> None:
        """Sorts each band by its keys, texts with equal ones by their numbers."""
        assert self._added == len(self.texts)
        self._offsets = offsets_from_lengths(self._lengths)
        self._bounds = Bounds.of(self._bits, self._lengths, self.config.threshold)
        for signature, files in zip(SIGNATURES, self._keys, strict=True):
            covered = np.flatnonzero(signature.covers(self._lengths, self.config)).astype(np.uint32)
            for file in files:
                keys = np.fromfile(file, np.uint32)
                order = np.argsort(keys, kind="stable")
                file.unlink()
                _append(file, keys[order])
                _append(file, covered[order])

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
        for signature, files in zip(SIGNATURES, self._keys, strict=True):
            covered = np.flatnonzero(signature.covers(chosen.lengths, self.config))
            for file, keys in zip(files, band_keys(chosen, self.config, signature), strict=True):
                left, right = _with_equal_keys(file, keys)
                left = covered[left]
                possible = bounds.possible(left, self._bounds, right)
                found.append(rows[left[possible]] << 32 | right[possible])
        pairs = np.unique(np.concatenate(found))
        return pairs >> 32, pairs & 0xFFFFFFFF


def _with_equal_keys(file: Path, keys: NDArray[np.uint32]) -> tuple[Numbers, Numbers]:
    """Places of `keys` and the evaluation texts that have the same key in a sorted file of them."""
    both = np.fromfile(file, np.uint32).reshape(2, -1)
    # In the order of the keys both are read from the beginning to the end.
    packed = np.sort(keys.astype(np.uint64) << np.uint64(32) | np.arange(len(keys), dtype=np.uint64))
    key, place = (packed >> np.uint64(32)).astype(np.uint32), packed.astype(np.uint32).astype(np.int64)
    low = np.searchsorted(both[0], key, side="left")
    count = np.minimum(np.searchsorted(both[0], key, side="right") - low, NEIGHBOURS)
    offsets = offsets_from_lengths(count)
    return np.repeat(place, count), both[1][np.arange(offsets[-1]) + np.repeat(low - offsets[:-1], count)]


def _append(file: Path, values: NDArray[Any]) -> None:
    with file.open("ab") as out:
        out.write(np.ascontiguousarray(values).data)  # tofile would not say that the disk is full
