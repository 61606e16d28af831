"""Splits of texts that are not as long as those of train are named; those that differ by chance are not."""

import numpy as np
import polars as pl
import pytest
from scipy.stats import ks_2samp

from shipworthy.data import split_lengths


def rows(**lengths: list[int]) -> pl.LazyFrame:
    return pl.concat(
        pl.DataFrame({"split": [name] * len(found), "t": ["x" * n for n in found]}) for name, found in lengths.items()
    ).lazy()


def test_shorter_texts_of_test_are_named() -> None:
    draw = np.random.default_rng(1)
    long, same, short = (draw.integers(low, low + 100, 300).tolist() for low in (200, 200, 150))
    counts = split_lengths.by_split(rows(train=long, validation=same, test=short), "t")
    [sentence] = split_lengths.warnings(counts)
    assert sentence.startswith(
        f"the texts of test are not as long as those of train (median {split_lengths.median(counts['test'])}"
    )
    assert split_lengths.median(counts["test"]) == pytest.approx(np.median(short), abs=1)
    distance, p = split_lengths.distance_of(counts["validation"], counts["train"])
    expected = ks_2samp(same, long, method="asymp")
    assert distance == pytest.approx(expected.statistic)
    assert p == pytest.approx(expected.pvalue, abs=0.05)


def test_few_texts_tell_nothing() -> None:
    counts = split_lengths.by_split(rows(train=[100] * 50, validation=[10, 20], test=[500]), "t")
    assert split_lengths.warnings(counts) == []
