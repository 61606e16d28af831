"""MinHash with banding: texts that share most of their shingles agree in a whole band of their signatures.

Broder 1997; Leskovec, Rajaraman, Ullman, Mining of Massive Datasets, ch. 3.
"""

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shipworthy.core.parallel import Mapper
from shipworthy.core.progress import track
from shipworthy.data.duplicates import buckets
from shipworthy.data.duplicates.buckets import Pairs
from shipworthy.data.duplicates.documents import Documents
from shipworthy.data.duplicates.ragged_array import RaggedArray, batch_bounds
from shipworthy.data.duplicates.schema import MinHash
from shipworthy.data.duplicates.shingles import mix_bits, odd_constants

# How much is computed at once: arrays that stay in a core's cache, and calls of numpy so long that threads, which need
# Python's lock between two of them, seldom wait for it. Short texts by number, long ones by their shingles.
TEXTS_PER_BATCH = 1024
SHINGLES_PER_BATCH = 1 << 19
# Texts with at least this many shingles are signed permutation by permutation: 3 to 4 times as fast there.
LONG_SHINGLES = 48


def candidates(documents: Documents, config: MinHash, folder: Path, mapper: Mapper) -> Iterator[Pairs]:
    """Pairs of texts that agree in a band, band by band; the keys of the bands are kept on disk."""
    n, bands = len(documents.offsets) - 1, config.bands
    file, bounds = folder / "bands", partial(documents.bounds, config.threshold)
    with file.open("w+b") as out:
        low = 0
        for keys in mapper(partial(band_keys, config=config), documents.blocks()):
            for band in range(bands):
                out.seek(4 * (band * n + low))
                out.write(np.ascontiguousarray(keys[band]).data)  # tofile would not say that the disk is full
            low += keys.shape[1]
        for band in track(range(bands), "bands of MinHash", total=bands):
            out.seek(4 * band * n)
            yield from buckets.candidate_pairs(np.fromfile(out, np.uint32, n)[documents.file_position], bounds)
    file.unlink()


def above_threshold(
    documents: Documents, left: NDArray[Any], right: NDArray[Any], config: MinHash, folder: Path
) -> NDArray[np.bool_]:
    """Which pairs have at least the Jaccard similarity `config.threshold`: shape (k,)."""
    return documents.jaccard(left, right, config.threshold) >= config.threshold


def band_keys(sets: RaggedArray, config: MinHash) -> NDArray[np.uint32]:
    """One key for each band of the signatures of n sets: shape (bands, n).

    The permutations are x → a·x + b modulo 2^32 with odd a, of the shingles' upper 32 bits (Dietzfelbinger et al.
    1997), as datasketch 2 has them by default.
    """
    keys = np.empty((config.bands, len(sets)), np.uint32)
    salt = odd_constants(config.permutations // config.bands)[None, :, None]
    for some, lowest in _signatures(sets, config.permutations):
        rows = lowest.reshape(config.bands, -1, len(some))
        keys[:, some] = mix_bits((rows * salt).sum(axis=1)) >> np.uint64(32)
    return keys


def _signatures(sets: RaggedArray, permutations: int) -> Iterator[tuple[NDArray[Any], NDArray[np.uint32]]]:
    """The numbers of some texts and their signatures, shape (permutations, texts), until all have had their turn."""
    a, b = (odd_constants(2 * permutations).reshape(2, -1, 1) >> np.uint64(32)).astype(np.uint32)
    a |= np.uint32(1)
    long = np.flatnonzero(sets.lengths >= LONG_SHINGLES)
    chosen = sets if len(long) == len(sets) else sets.take(long)
    for low, high in batch_bounds(chosen.offsets, SHINGLES_PER_BATCH):
        offsets = chosen.offsets[low : high + 1]
        part = RaggedArray(chosen.values[offsets[0] : offsets[-1]], offsets - offsets[0])
        yield long[low:high], _signatures_of_long(part, a, b)
    short = np.flatnonzero(sets.lengths < LONG_SHINGLES)
    short = short[np.argsort(-sets.lengths[short], kind="stable")]
    for low in range(0, len(short), TEXTS_PER_BATCH):
        some = short[low : low + TEXTS_PER_BATCH]
        yield some, _signatures_of_short(sets, some, a, b)


def _signatures_of_long(sets: RaggedArray, a: NDArray[np.uint32], b: NDArray[np.uint32]) -> NDArray[np.uint32]:
    """Permutation by permutation, all shingles of all texts at once; none of the texts is empty."""
    lowest = np.empty((len(a), len(sets)), np.uint32)
    x = (sets.values >> 31).astype(np.uint32)
    one = np.empty_like(x)
    for k in range(len(a)):
        np.multiply(x, a[k], out=one)
        np.add(one, b[k], out=one)
        np.minimum.reduceat(one, sets.offsets[:-1], out=lowest[k])
    return lowest


def _signatures_of_short(
    sets: RaggedArray, some: NDArray[Any], a: NDArray[np.uint32], b: NDArray[np.uint32]
) -> NDArray[np.uint32]:
    """Shingle by shingle, all permutations of the texts that have a k-th: they come first, sorted by length."""
    permutations, starts, lengths = len(a), sets.offsets[some], sets.lengths[some]
    with_k = np.searchsorted(-lengths, -np.arange(lengths[0]), side="left")
    lowest = np.full((permutations, len(some)), np.iinfo(np.uint32).max, np.uint32)
    one = np.empty_like(lowest)
    for k, count in enumerate(with_k.tolist()):
        x = (sets.values[starts[:count] + k] >> 31).astype(np.uint32)
        np.multiply(a, x, out=one[:, :count])
        one[:, :count] += b
        np.minimum(lowest[:, :count], one[:, :count], out=lowest[:, :count])
    return lowest
