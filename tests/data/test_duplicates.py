"""Clusters and near-duplicates, against the plain way to find them."""

import random
from itertools import combinations

import numpy as np
import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from shipworthy.data.duplicates import clusters, jaccard, near_pairs, shingles
from shipworthy.data.narrow import components, first_of
from shipworthy.data.schema import NearDuplicates

LINKS = st.lists(st.tuples(st.integers(0, 14), st.integers(0, 14)), max_size=20)


@settings(max_examples=50, deadline=None)
@given(LINKS, st.lists(st.integers(0, 6), min_size=15, max_size=15))
def test_components_are_what_can_be_reached(links: list[tuple[int, int]], key: list[int]) -> None:
    first = first_of(np.zeros(15, dtype=np.uint64), np.array(key, dtype=np.uint64))
    pairs = np.array(links, dtype=np.int32).reshape(-1, 2)
    labels = components(15, [(pairs[:, 0], pairs[:, 1]), (np.arange(15), first)]).tolist()
    near = {i: {i} for i in range(15)}
    for i, j in links + [(i, j) for i, j in combinations(range(15), 2) if key[i] == key[j]]:
        near[i].add(j)
        near[j].add(i)
    for start in range(15):
        reached, frontier = {start}, [start]
        while frontier:
            new = near[frontier.pop()] - reached
            reached |= new
            frontier += new
        assert labels[start] == min(reached)


PAIRS = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=1, max_size=30)


@settings(max_examples=50, deadline=None)
@given(PAIRS)
def test_the_first_of_equal_pairs(pairs: list[tuple[int, int]]) -> None:
    high, low = (np.array(side, dtype=np.uint64) for side in zip(*pairs, strict=True))
    assert first_of(high, low).tolist() == [pairs.index(pair) for pair in pairs]


def test_near_pairs_are_those_of_the_plain_way() -> None:
    draw = random.Random(1)
    vocabulary = [f"w{i}" for i in range(40)]
    texts = [[draw.choice(vocabulary) for _ in range(draw.randint(1, 12))] for _ in range(60)]
    for text in texts[:40]:
        copy = list(text)
        copy[draw.randrange(len(copy))] = draw.choice(vocabulary)
        texts.append(copy)
    config = NearDuplicates(threshold=0.6, shingle_words=2)
    sets = [shingles(text, 2) for text in texts]
    plain = {(j, i) for i, j in combinations(range(len(texts)), 2) if jaccard(sets[i], sets[j]) >= 0.6}
    found = set(near_pairs(texts, config))
    assert len(plain) > 10
    assert found <= plain
    assert len(found) >= 0.98 * len(plain)
    rows = pl.LazyFrame({"text": [" ".join(text) for text in texts]})
    links = np.array(sorted(found))
    assert clusters(rows, "text", config).tolist() == components(len(texts), [(links[:, 0], links[:, 1])]).tolist()


def test_a_text_shorter_than_a_shingle_is_one_shingle() -> None:
    assert shingles(["list"], 3) == {("list",)}
    assert len(shingles(["a", "b", "c", "d"], 3)) == 2
