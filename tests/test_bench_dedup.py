"""The deduplication benchmark's own arithmetic: the truth against all pairs, and what labels score against it."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import polars as pl

from scripts.bench.dedups.job import Sets
from scripts.bench.dedups.truth import Truth, establish, means, scores, shares
from tests.data.duplicates import plain
from tests.data.duplicates.test_clusters import planted

ROOT = Path(__file__).resolve().parents[1]


def test_the_truth_is_that_of_all_pairs(tmp_path: Path) -> None:
    chain = [" ".join(f"c{i + k}" for k in range(8)) for i in range(3)]
    texts = [*planted(6), *planted(6)[:9], *chain]
    pl.DataFrame({"id": [str(i) for i in range(len(texts))], "text": texts}).write_parquet(tmp_path / "d.parquet")
    true = establish(tmp_path / "d.parquet", 2, 0.6, 1000)
    distinct = list(dict.fromkeys(texts))
    assert [texts[row] for row in true.rows] == distinct
    near = plain.near(distinct, 2, 0.6)
    components = plain.reach(len(distinct), near)
    assert sorted(true.sampled) == [i for i, text in enumerate(distinct) if " " in text]
    for text, neighbours, mates in zip(true.sampled, true.neighbours, true.mates, strict=True):
        assert set(neighbours) == {i + j - text for i, j in near if text in {i, j}}
        assert set(mates) == {i for i, label in enumerate(components) if label == components[text] and i != text}
    assert sum(map(len, true.mates)) > sum(map(len, true.neighbours)) > 10


def test_labels_are_scored_by_what_they_join() -> None:
    def rows(*values: list[int]) -> list[np.ndarray]:
        return [np.array(value, np.int64) for value in values]

    # Texts 0-1-2 belong together, of which 0 and 2 only through 1; 3 and 4 stand alone.
    neighbours, mates = rows([1], [0, 2], [1], [], []), rows([1, 2], [0, 2], [0, 1], [], [])
    true = Truth(np.array([0, 2, 3, 5, 6]), np.arange(5), neighbours, mates)
    exact = np.array([0, 0, 0, 0, 4, 5, 6])
    wrong = np.array([0, 0, 0, 3, 4, 3, 6])  # 0 with 1, 2 with 3
    assert means(shares(exact, true)).tolist() == [1, 1, 1, 1]
    table = shares(wrong, true)
    assert np.array_equal(table[:, 0], [1, 1, 0, 0, np.nan], equal_nan=True)
    assert np.array_equal(table[:, 1], [0.5, 0.5, 0, np.nan, np.nan], equal_nan=True)
    assert np.array_equal(table[:, 2], [1, 0.5, 0, np.nan, np.nan], equal_nan=True)
    found = scores({"ours": shares(exact, true), "peer": table}, "ours")
    assert np.isclose(found["peer"]["f1"][0], 2 * 0.5 * (1 / 3) / (0.5 + 1 / 3))
    assert np.isclose(found["peer"]["ours_ahead"][0], 1 - found["peer"]["f1"][0])


def test_sets_are_named_by_their_lowest() -> None:
    sets = Sets(5)
    for i, j in ((3, 4), (1, 3), (4, 2)):
        sets.union(i, j)
    assert [sets.find(i) for i in range(5)] == [0, 1, 1, 1, 1]


def test_an_unknown_contender_is_refused() -> None:
    done = subprocess.run(
        [sys.executable, ROOT / "scripts/bench/dedup", "--contenders", "ours,nobody"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert "there is no contender nobody" in done.stderr
