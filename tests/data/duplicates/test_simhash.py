"""SimHash's bits, and the tables that miss no pair."""

from itertools import combinations
from pathlib import Path

import numpy as np
import polars as pl

from shipworthy.core.parallel import over_threads
from shipworthy.data.duplicates import simhash
from shipworthy.data.duplicates.documents import read
from shipworthy.data.duplicates.schema import SimHash
from shipworthy.data.duplicates.shingles import mix_bits, shingle_sets, word_hashes
from tests.data.duplicates import plain

BASE = [f"word{i}" for i in range(60)]


def test_a_bit_is_the_vote_of_the_shingles() -> None:
    sets = shingle_sets(word_hashes(pl.Series(["one two three four", "", "five"])), 1)
    found = simhash.simhashes(sets).tolist()
    votes = [int(v) for v in mix_bits(sets.values[:4].view(np.uint64))]
    assert found[0] == sum(1 << bit for bit in range(64) if sum(v >> bit & 1 for v in votes) > 2)
    assert found[1] == 0
    assert found[2] == int(mix_bits(sets.values[4:].view(np.uint64))[0])


def test_all_pairs_within_the_distance_are_proposed(tmp_path: Path) -> None:
    texts = [" ".join([*BASE[:i], *BASE[i + 1 :], f"new{i}"]) for i in range(0, 60, 2)]
    documents = read(plain.frame(texts), "text", 1, tmp_path, over_threads(1))
    hashes = simhash.simhashes(next(documents.blocks()))[documents.file_position]
    for distance, blocks in ((0, 1), (3, 6), (6, 8)):
        config = SimHash(distance=distance, blocks=blocks)
        pairs = simhash.candidates(documents, config, tmp_path, over_threads(1))
        found = {(int(i), int(j)) for left, right in pairs for i, j in zip(left, right, strict=True)}
        near = {
            (i, j) for i, j in combinations(range(len(texts)), 2) if (hashes[i] ^ hashes[j]).bit_count() <= distance
        }
        assert found == near
    assert len(near) > 5
