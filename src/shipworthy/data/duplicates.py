"""Near-duplicates, and the clusters that they form."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import polars as pl
from rensa import RMinHash, RMinHashLSH

from shipworthy.core.progress import track
from shipworthy.data.narrow import components
from shipworthy.data.schema import NearDuplicates

# MinHash only proposes what is then verified, so its seed is no choice of the user.
MINHASH_SEED = 0


def clusters(rows: pl.LazyFrame, column: str, config: NearDuplicates) -> np.ndarray[Any, Any]:
    """Clusters of n texts: shape (n,), each the lowest row of its component of near-duplicates.

    Args:
        rows: holds the texts.
        column: their words, with single spaces between them.
        config: when two are near-duplicates.
    """
    texts = [text.split(" ") for text in rows.select(column).collect(engine="streaming")[column]]
    pairs = np.array(list(near_pairs(texts, config)), dtype=np.int32).reshape(-1, 2)
    return components(len(texts), [(pairs[:, 0], pairs[:, 1])])


def shingles(text: Sequence[str], size: int) -> frozenset[tuple[str, ...]]:
    """The runs of `size` words; a text that is shorter is one shingle."""
    return frozenset(tuple(text[i : i + size]) for i in range(max(1, len(text) - size + 1)))


def jaccard(a: frozenset[tuple[str, ...]], b: frozenset[tuple[str, ...]]) -> float:
    """Size of the intersection over size of the union."""
    return len(a & b) / len(a | b)


def near_pairs(texts: Sequence[Sequence[str]], config: NearDuplicates) -> Iterator[tuple[int, int]]:
    """Pairs (i, j), j < i, of texts whose shingles' Jaccard similarity is at least the threshold.

    MinHash with banding (Broder 1997; Leskovec, Rajaraman, Ullman, Mining of Massive Datasets, ch. 3) proposes the
    pairs; each is then verified on the shingles themselves, so that no pair is wrong, though a few may be missed.

    Args:
        texts: n lists of words.
        config: threshold, permutations and size of a shingle.
    """
    sets = [shingles(text, config.shingle_words) for text in texts]
    tokens = [[" ".join(shingle) for shingle in one] for one in sets]
    signatures = RMinHash.from_token_sets(tokens, num_perm=config.permutations, seed=MINHASH_SEED)
    index = RMinHashLSH(threshold=config.threshold, num_perm=config.permutations, num_bands=config.bands)
    index.insert_many(signatures)
    for i, signature in enumerate(track(signatures, "near duplicates", total=len(sets))):
        for j in sorted(index.query(signature)):
            if j < i and jaccard(sets[i], sets[j]) >= config.threshold:
                yield i, j
