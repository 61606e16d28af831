"""Repeated rows of a table stay together, and every split still has the shares of the file."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from shipworthy.core.errors import ShipworthyError
from shipworthy.data.row_store import RowStore
from shipworthy.data.splits import assign, balanced
from shipworthy.data.splits.check import check_disjoint
from shipworthy.data.splits.schema import Split


def combinations(n: int, distinct: int, seed: int, power: float) -> pl.DataFrame:
    """n rows over so many distinct combinations, the frequent ones (of few leavers) far more often than the rare."""
    draws = np.random.default_rng(seed)
    weights = 1 / np.arange(1, distinct + 1) ** power
    which = draws.choice(distinct, n, p=weights / weights.sum())
    risk = np.linspace(0.02, 0.3, distinct)[which]
    return pl.DataFrame(
        {
            "id": [f"r{i:06}" for i in range(n)],
            "x": which,
            "cluster": [f"c{one}" for one in which],
            "answer": np.where(draws.random(n) < risk, "yes", "no"),
        }
    )


def divided(folder: Path, rows: pl.DataFrame, config: Split, *, classes: bool = True) -> pl.DataFrame:
    store = RowStore(rows, folder)
    assign.assign(store, config, 1, ["x"], classes=classes)
    assert check_disjoint(store, config, ["x"])["row"]["in two splits"] == 0
    return store.rows.collect()


@pytest.mark.parametrize("power", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("stratify", [False, True])
def test_shares_are_those_of_the_file_within_chance(tmp_path: Path, power: float, *, stratify: bool) -> None:
    rows = combinations(20_000, 2000, 3, power)
    config = Split(test=0.1, validation=0.1, stratify=stratify)
    result = divided(tmp_path, rows, config)
    share = (rows["answer"] == "yes").mean()
    for split in assign.NAMES:
        part = result.filter(split=split)
        assert part.height > (1500 if split != "train" else 15_000)
        error = (part["answer"] == "yes").mean() - share
        assert abs(error) < 2 * np.sqrt(share * (1 - share) / part.height), (split, error)


def test_twelve_combinations_are_divided(tmp_path: Path) -> None:
    result = divided(tmp_path, combinations(20_000, 12, 3, 0.0), Split(test=0.1, validation=0.1))
    assert result.group_by("split").agg(pl.col("x").n_unique())["x"].to_list() != []
    assert set(result["split"]) == set(assign.NAMES)


def test_groups_larger_than_a_split_get_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(ShipworthyError, match="is empty: 300 rows in 3 groups.*rows of equal features, stays in one"):
        divided(tmp_path, combinations(300, 3, 3, 0.0), Split(test=0.1, validation=0.1))


def test_rows_that_hardly_repeat_are_drawn_as_before() -> None:
    assert not balanced.applies(np.array([2, 2, *[1] * 96]), 2)
    assert balanced.applies(np.array([2] * 6 + [1] * 88), 2)
    assert not balanced.applies(np.array([2] * 50), 51)


def test_counts_are_by_group_and_class() -> None:
    groups, members = np.array([0, 1, 0, 3, 1, 0]), np.array([3, 0, 1])
    found = balanced.counts_by_class(groups, members, np.array([0, 1, 0, 1, 0, 1]))
    assert found.tolist() == [[0, 1], [2, 1], [1, 1]]


def test_a_class_of_one_row_goes_to_train_and_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = pl.DataFrame(
        {
            "id": [f"r{i:03}" for i in range(200)],
            "x": range(200),
            "cluster": [f"c{i}" for i in range(200)],
            "answer": [f"rare {i}" if i % 5 == 0 else "common" for i in range(200)],
        }
    )
    result = divided(tmp_path / "one", rows, Split(test=0.2, validation=0.2))
    assert set(result.filter(split="train")["answer"]) == set(rows["answer"])
    assert "rows were moved to train, which had none of the classes rare" in capsys.readouterr().out
    free = divided(tmp_path / "two", rows, Split(test=0.2, validation=0.2), classes=False)
    assert set(free.filter(split="train")["answer"]) != set(rows["answer"])
