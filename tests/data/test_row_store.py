"""No row is lost without a reason, and neither batches, workers nor the order of what came in make a difference."""

import json
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shipworthy.core.errors import ShipworthyError
from shipworthy.data.parts import spill
from shipworthy.data.row_store import RowStore

ROWS = pl.DataFrame({"id": [f"r{i:02}" for i in range(20)], "n": range(20)})


def rejected(store: RowStore) -> pl.DataFrame:
    return pl.concat(store.rejected())


def doubled(column: str, frame: pl.DataFrame) -> pl.DataFrame:
    return frame.with_columns((pl.col(column) * 2).alias("double"))


@settings(max_examples=25, deadline=None)
@given(st.lists(st.sets(st.integers(0, 19)), max_size=5), st.integers(1, 25), st.permutations(range(20)))
def test_rows_add_up_whatever_is_rejected_in_whatever_parts(
    rounds: list[set[int]], batch: int, order: list[int]
) -> None:
    with TemporaryDirectory() as folder:
        store = RowStore(ROWS[order], Path(folder), batch_rows=batch)
        for number, out in enumerate(rounds):
            bad = pl.col("n").is_in(sorted(out))
            store.reject(f"round {number}", pl.when(bad).then(pl.format("n is {}", "n")))
        gone = rejected(store)
        left = store.rows.collect()
    assert left["id"].to_list() == sorted(left["id"])
    assert sorted([*left["id"], *gone["id"]]) == sorted(ROWS["id"])
    assert gone["id"].to_list() == sorted(gone["id"])
    assert sum(step.rejected for step in store.steps) == gone.height
    assert [step.name for step in store.steps] == [f"round {number}" for number in range(len(rounds))]
    for row in gone.iter_rows(named=True):
        n = json.loads(row["row"])["n"]
        assert row["detail"] == f"n is {n}"
        assert n in rounds[int(row["reason"].removeprefix("round "))]


def work(store: RowStore) -> None:
    """One of everything."""
    store.change((pl.col("n") + 1).alias("next"))
    store.reject("odd", pl.when(pl.col("n") % 2 == 1).then(pl.lit("n is odd")))
    store.attach("place", np.arange(store.height, dtype=np.int64))
    store.map(partial(doubled, "n"))
    store.attach("name", pl.Series(["x", "y"]), np.array([1, 8]), base="id")
    store.reject_rows("chosen", np.array([0, 9]), pl.Series(["first", "last"]))


def test_batches_and_workers_make_no_difference(tmp_path: Path) -> None:
    made = []
    for batch, workers in ((100, 1), (1, 1), (7, 1), (7, 2)):
        store = RowStore(ROWS.reverse(), tmp_path / f"{batch}-{workers}", batch_rows=batch, workers=workers)
        work(store)
        made.append((store.rows.collect(), rejected(store), store.steps))
    rows, gone, steps = made[0]
    assert rows.height == 8
    assert rows["place"].to_list() == list(range(1, 9))
    assert rows["double"].to_list() == [n * 2 for n in range(2, 18, 2)]
    assert rows["name"].to_list() == ["x", *(f"r{n:02}" for n in range(4, 16, 2)), "y"]
    assert gone.filter(reason="chosen")["detail"].to_list() == ["first", "last"]
    assert [(step.name, step.before, step.rejected) for step in steps] == [("odd", 20, 10), ("chosen", 10, 2)]
    for other, gone_too, same_steps in made[1:]:
        assert other.equals(rows)
        assert gone_too.equals(gone)
        assert same_steps == steps


def test_several_steps_are_one_pass(tmp_path: Path) -> None:
    store = RowStore(ROWS, tmp_path, batch_rows=5)
    before = set(tmp_path.iterdir())
    store.change((pl.col("n") + 1).alias("n"))
    store.reject("a", pl.when(pl.col("n") == 3).then(pl.lit("three")))
    store.reject("b", pl.when(pl.col("n") == 4).then(pl.lit("four")))
    assert set(tmp_path.iterdir()) == before  # nothing is done yet
    assert store.height == 18
    assert len([path for path in tmp_path.iterdir() if path.is_dir()]) == 1


def test_what_looks_at_other_rows_is_refused(tmp_path: Path) -> None:
    store = RowStore(ROWS, tmp_path)
    with pytest.raises(AssertionError, match="looks at other rows"):
        store.reject("median", pl.when(pl.col("n") > pl.col("n").median()).then(pl.lit("x")))
    store.map(lambda frame: frame.head(3))
    with pytest.raises(AssertionError, match="lost rows"):
        assert store.height


@pytest.mark.parametrize(("batch", "workers"), [(3, 1), (7, 2), (50, 1)])
def test_rows_are_rejected_by_their_ids(tmp_path: Path, batch: int, workers: int) -> None:
    store = RowStore(ROWS, tmp_path / "rows", batch_rows=batch, workers=workers)
    store.reject("three", pl.when(pl.col("n") == 3).then(pl.lit("n is 3")))
    wanted = pl.DataFrame(
        {"id": ["a", "r02", "r03", "r07", "r19", "z"], "detail": ["-", "two", "-", "seven", "last", "-"]}
    )
    store.reject_ids("told", spill([wanted], tmp_path / "told", 2))
    gone = rejected(store)
    assert gone.select("id", "reason", "detail").rows() == [
        ("r02", "told", "two"),
        ("r03", "three", "n is 3"),
        ("r07", "told", "seven"),
        ("r19", "told", "last"),
    ]
    assert store.height == 16
    store.reject_ids("none", [])
    assert [step.name for step in store.steps] == ["three", "told"]


def test_rows_are_taken_by_their_numbers(tmp_path: Path) -> None:
    store = RowStore(ROWS, tmp_path, batch_rows=3)
    assert store.take(np.array([0, 2, 3, 19]), ["n"])["n"].to_list() == [0, 2, 3, 19]
    assert store.take(np.array([], dtype=np.int64), ["n"]).height == 0


def test_working_columns_are_not_part_of_a_row(tmp_path: Path) -> None:
    store = RowStore(pl.DataFrame({"id": ["a"], "n": [1], "_scratch": [2]}), tmp_path)
    store.reject("all", pl.lit("x"))
    assert rejected(store)["row"].to_list() == ['{"n":1}']
    assert rejected(store).columns == ["id", "reason", "detail", "row"]
    assert store.rows.collect().height == 0


@pytest.mark.parametrize("batch", [1, 2, 10])
def test_ids_are_unique(tmp_path: Path, batch: int) -> None:
    with pytest.raises(ShipworthyError, match="two rows with the id 'a'"):
        RowStore(pl.DataFrame({"id": ["a", "b", "a"]}), tmp_path, batch_rows=batch)
