"""Clusters and near-duplicates, against the plain way to find them."""

import random
from itertools import combinations

from hypothesis import given
from hypothesis import strategies as st

from shipworthy.data.duplicates import components, jaccard, near_pairs, shingles
from shipworthy.data.schema import NearDuplicates

LINKS = st.lists(st.tuples(st.integers(0, 14), st.integers(0, 14)), max_size=20)


@given(LINKS, st.lists(st.integers(0, 6), min_size=15, max_size=15))
def test_components_are_what_can_be_reached(links: list[tuple[int, int]], key: list[int]) -> None:
    labels = components(15, links, [key])
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


def test_a_text_shorter_than_a_shingle_is_one_shingle() -> None:
    assert shingles(["list"], 3) == {("list",)}
    assert len(shingles(["a", "b", "c", "d"], 3)) == 2
