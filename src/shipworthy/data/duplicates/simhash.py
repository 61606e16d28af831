"""SimHash: each of 64 bits is the majority of that bit over a text's shingles; similar texts differ in few bits.

Charikar 2002; Manku, Jain, Das Sarma, Detecting Near-Duplicates for Web Crawling, WWW 2007 (the tables).
"""

from collections.abc import Iterator
from itertools import combinations
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
from shipworthy.data.duplicates.schema import SimHash
from shipworthy.data.duplicates.shingles import Hashes, mix_bits

BITS = 64
VALUES_PER_BATCH = 1 << 14


def candidates(documents: Documents, config: SimHash, folder: Path, mapper: Mapper) -> Iterator[Pairs]:
    """Pairs of texts that differ in at most `distance` bits.

    The bits are cut into blocks. Two texts that differ in at most `distance` bits agree in all blocks but as many, so
    there is a table for each choice of that many blocks, whose key is the other ones.
    """
    hashes = np.concatenate(list(mapper(simhashes, documents.blocks())) or [np.empty(0, np.uint64)])
    hashes = hashes[documents.file_position]
    chosen = list(combinations(np.array_split(np.arange(BITS, dtype=np.uint64), config.blocks), config.distance))
    for differing in track(chosen, "tables of SimHash", total=len(chosen)):
        left_out = np.bitwise_or.reduce(np.uint64(1) << np.concatenate([*differing, np.empty(0, np.uint64)]))
        keys = (mix_bits(hashes & ~left_out) >> np.uint64(32)).astype(np.uint32)
        for left, right in buckets.candidate_pairs(keys):
            near = np.bitwise_count(hashes[left] ^ hashes[right]) <= config.distance
            yield left[near], right[near]


def above_threshold(
    documents: Documents, left: NDArray[Any], right: NDArray[Any], config: SimHash, folder: Path
) -> NDArray[np.bool_]:
    """Which pairs have at least the Jaccard similarity `config.threshold`: shape (k,)."""
    return documents.jaccard(left, right, config.threshold) >= config.threshold


def simhashes(sets: RaggedArray) -> Hashes:
    """The SimHash of each of n sets, 64 bits: each bit is that of most of its shingles (0 in a tie)."""
    result = np.zeros(len(sets), np.uint64)
    for low, high in batch_bounds(sets.offsets, VALUES_PER_BATCH):
        offsets = sets.offsets[low : high + 1]
        some = np.diff(offsets) > 0
        # A shingle has 63 bits; mixing spreads them over 64.
        votes = mix_bits(sets.values[offsets[0] : offsets[-1]].view(np.uint64)).view(np.uint8).reshape(-1, 8)
        ones = np.add.reduceat(
            np.unpackbits(votes, axis=1, bitorder="little"), offsets[:-1][some] - offsets[0], axis=0, dtype=np.int32
        )
        bits = 2 * ones > np.diff(offsets)[some, None]
        result[low:high][some] = np.packbits(bits, axis=1, bitorder="little").view(np.uint64).ravel()
    return result
