"""Clusters of texts: against all pairs, in any order, by any number of workers, in blocks of any size."""

import random
import re
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jinja2 import Template

from shipworthy.core.parallel import over_threads
from shipworthy.data.duplicates import clusters as clusters_module
from shipworthy.data.duplicates import documents, exact, minhash, signatures
from shipworthy.data.duplicates.clusters import cluster_counts, clusters
from shipworthy.data.duplicates.documents import read
from shipworthy.data.duplicates.schema import Duplicates, Exact, MinHash, SimHash
from tests.data.duplicates import plain

NEAR = MinHash(threshold=0.6, shingle_words=2)
VOCABULARY = [f"w{i}" for i in range(40)]


def planted(seed: int, originals: int = 60, copies: int = 40) -> list[str]:
    """Random texts, and copies with one word changed."""
    draw = random.Random(seed)
    texts = [[draw.choice(VOCABULARY) for _ in range(draw.randint(1, 12))] for _ in range(originals)]
    for text in texts[:copies]:
        copy = list(text)
        copy[draw.randrange(len(copy))] = draw.choice(VOCABULARY)
        texts.append(copy)
    return [" ".join(text) for text in texts]


def sets(labels: np.ndarray, ids: list[int]) -> set[frozenset[int]]:
    groups: dict[int, set[int]] = {}
    for label, identity in zip(labels.tolist(), ids, strict=True):
        groups.setdefault(label, set()).add(identity)
    return {frozenset(group) for group in groups.values()}


@pytest.mark.parametrize("long", [0.0, 0.05, 4])
def test_clusters_are_those_of_all_pairs(monkeypatch: pytest.MonkeyPatch, long: float) -> None:
    monkeypatch.setattr(signatures, "LONG", long)  # all texts are long ones; those of 5 and more words; none
    texts = planted(1)
    expected = plain.reach(len(texts), plain.near(texts, 2, 0.6))
    assert len(set(expected)) < len(texts) - 10
    assert clusters(plain.frame(texts), "text", Duplicates(minhash=NEAR)).tolist() == expected


TEXT = st.lists(st.sampled_from(["gets", "lists", "the", "key", "Table", "of"]), max_size=6).map(" ".join)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.one_of(st.none(), TEXT), min_size=1, max_size=25), st.randoms(), st.sampled_from([1, 2, 3]))
def test_order_and_workers_make_no_difference(texts: list[str | None], draw: random.Random, workers: int) -> None:
    config = Duplicates(minhash=NEAR, simhash=SimHash(threshold=0.6))
    labels = clusters(plain.frame(texts), "text", config, mapper=over_threads(1))
    assert all(labels[label] == label <= row for row, label in enumerate(labels.tolist()))
    order = list(range(len(texts)))
    draw.shuffle(order)
    again = clusters(plain.frame([texts[i] for i in order]), "text", config, mapper=over_threads(workers))
    assert sets(again, order) == sets(labels, list(range(len(texts))))


@pytest.mark.parametrize("workers", [1, 2, 4])
def test_blocks_make_no_difference(monkeypatch: pytest.MonkeyPatch, workers: int) -> None:
    texts = [*planted(2, 200, 150), *(f"the same beginning of {i % 7} many texts" for i in range(90))]
    config = Duplicates(minhash=NEAR, simhash=SimHash(threshold=0.6))
    whole = clusters(plain.frame(texts), "text", config, mapper=over_threads(1))
    monkeypatch.setattr(exact, "BATCH_ROWS", 17)
    monkeypatch.setattr(exact, "TABLE_BITS", 3)
    monkeypatch.setattr(documents, "BATCH_BYTES", 100)
    monkeypatch.setattr(documents, "BLOCK_VALUES", 30)
    monkeypatch.setattr(documents, "MAPPED_BYTES", 800)
    monkeypatch.setattr(documents, "PAIR_VALUES", 90)
    monkeypatch.setattr(signatures, "SETS_PER_BATCH", 5)
    assert clusters(plain.frame(texts), "text", config, mapper=over_threads(workers)).tolist() == whole.tolist()
    assert len(set(whole.tolist())) < len(texts) - 100


def test_every_joined_pair_was_verified(tmp_path: Path) -> None:
    texts = planted(3)
    found = read(plain.frame(texts), "text", 2, tmp_path, over_threads(1))
    some = MinHash(threshold=0.6, bands=64, shingle_words=2)
    proposed = joined = 0
    for left, right in minhash.candidates(found, some, tmp_path, over_threads(1)):
        above_threshold = minhash.above_threshold(found, left, right, some, tmp_path)
        for i, j, is_close in zip(found.first_row[left], found.first_row[right], above_threshold, strict=True):
            true = plain.jaccard(plain.shingle_sets(texts[i], 2), plain.shingle_sets(texts[j], 2))
            assert is_close == (true >= 0.6)
            joined += int(is_close)
        proposed += len(left)
    assert proposed > joined > 20


def test_recall_is_what_the_bands_promise() -> None:
    draw = random.Random(4)
    config = MinHash(threshold=0.6, permutations=32, bands=8, shingle_words=1)
    texts, promised = [], 0.0
    for i in range(400):
        shared = [f"s{i}x{k}" for k in range(20)]
        a, b = ([*shared, *(f"{side}{i}x{k}" for k in range(5))] for side in "ab")
        texts += [" ".join(a), " ".join(draw.sample(b, len(b)))]
        promised += 1 - (1 - (20 / 30) ** 4) ** 8
    labels = clusters(plain.frame(texts), "text", Duplicates(minhash=config))
    found = int((labels[1::2] == labels[::2]).sum())
    spread = (promised * (1 - promised / 400)) ** 0.5
    assert promised - 4 * spread < found < promised + 4 * spread < 400


def test_exact_texts_and_words() -> None:
    texts = ["A b.", "a B", None, "", "A b.", None, "!", "!", "?", "c"]
    by = {how: clusters(plain.frame(texts), "text", Duplicates(Exact(how), None)).tolist() for how in ("words", "text")}
    assert by["words"] == [0, 0, 2, 3, 0, 5, 6, 6, 8, 9]
    assert by["text"] == [0, 1, 2, 3, 0, 5, 6, 6, 8, 9]


def test_what_any_method_finds_belongs_together() -> None:
    texts = planted(5)
    exact = clusters(plain.frame(texts * 2), "text", Duplicates(minhash=None))
    both = clusters(plain.frame(texts * 2), "text", Duplicates(minhash=NEAR))
    assert (both[exact] == both).all()
    assert len(set(both.tolist())) < len(set(exact.tolist()))


def test_a_bucket_of_thousands_is_one_cluster() -> None:
    texts = [f"this text of many words is the same but for the number {i}" for i in range(3000)]
    config = MinHash(threshold=0.8, permutations=64, bands=16, shingle_words=1)
    assert clusters(plain.frame(texts), "text", Duplicates(minhash=config)).max() == 0


def test_no_rows() -> None:
    assert clusters(pl.LazyFrame(schema={"text": pl.String}), "text", Duplicates()).tolist() == []
    assert clusters(plain.frame([None, "!"]), "text", Duplicates(simhash=SimHash())).tolist() == [0, 1]


def test_the_facts_and_their_page() -> None:
    found = cluster_counts(np.array([0, 0, 2, 3, 2, 2], np.int32))
    assert list(found.values()) == [6, 3, 2, 5, 3]
    assert list(cluster_counts(np.array([], np.int32)).values()) == [0] * 5
    page = Template(Path(clusters_module.__file__).with_name("duplicates.html.j2").read_text())
    assert re.findall(r">(\d+)<", page.render(duplicates=found)) == ["6", "3", "2", "5", "3"]
