"""The plain way to find near-duplicates: all pairs of sets of tuples of words."""

from itertools import combinations

import polars as pl

from shipworthy.models.normalize import words


def shingle_sets(text: str, size: int) -> set[tuple[str, ...]]:
    spelled = words(text)
    return {tuple(spelled[i : i + size]) for i in range(max(1, len(spelled) - size + 1))} if spelled else set()


def jaccard(a: set, b: set) -> float:
    return len(a & b) / len(a | b) if a and b else 0.0


def near(texts: list[str], size: int, threshold: float) -> set[tuple[int, int]]:
    sets = [shingle_sets(text, size) for text in texts]
    return {(i, j) for i, j in combinations(range(len(texts)), 2) if jaccard(sets[i], sets[j]) >= threshold}


def reach(n: int, links: set[tuple[int, int]]) -> list[int]:
    """For each of n the lowest that can be reached."""
    near = {i: {i} for i in range(n)}
    for i, j in links:
        near[i].add(j)
        near[j].add(i)
    labels = []
    for start in range(n):
        reached, frontier = {start}, [start]
        while frontier:
            new = near[frontier.pop()] - reached
            reached |= new
            frontier += new
        labels.append(min(reached))
    return labels


def frame(texts: list[str | None]) -> pl.LazyFrame:
    return pl.LazyFrame({"text": texts}, schema={"text": pl.String})
