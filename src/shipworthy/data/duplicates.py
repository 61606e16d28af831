"""Exact and near duplicates, and the clusters that they form."""

from collections.abc import Hashable, Iterable, Iterator, Sequence

from rensa import RMinHash, RMinHashLSH

from shipworthy.core.progress import track
from shipworthy.data.schema import NearDuplicates

# MinHash only proposes what is then verified, so its seed is no choice of the user.
MINHASH_SEED = 0


class UnionFind:
    """Disjoint sets of 0 … n-1; the lowest member stands for its set."""

    def __init__(self, n: int) -> None:
        self.parent = list(range(n))

    def find(self, i: int) -> int:
        """The lowest member of i's set."""
        while self.parent[i] != i:
            self.parent[i] = self.parent[self.parent[i]]
            i = self.parent[i]
        return i

    def union(self, i: int, j: int) -> None:
        """Makes the sets of i and j one."""
        low, high = sorted((self.find(i), self.find(j)))
        self.parent[high] = low

    def labels(self) -> list[int]:
        """The representative of each member, in order."""
        return [self.find(i) for i in range(len(self.parent))]


def components(n: int, links: Iterable[tuple[int, int]], keys: Sequence[Sequence[Hashable]] = ()) -> list[int]:
    """Connected components of n rows: shape (n,), each the lowest row of its component.

    Args:
        n: number of rows.
        links: pairs of rows that belong together.
        keys: any number of columns of n values; rows with the same value in a column belong together.
    """
    sets = UnionFind(n)
    for i, j in links:
        sets.union(i, j)
    for column in keys:
        first: dict[Hashable, int] = {}
        for i, value in enumerate(column):
            sets.union(first.setdefault(value, i), i)
    return sets.labels()


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
