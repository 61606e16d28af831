"""Steps that move a class by more than chance are named; those that reject at random are not."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest
from scipy.stats import fisher_exact

from shipworthy.data.class_shares import class_shares, two_sided, warnings
from shipworthy.data.row_operations import MAX_CLASSES
from shipworthy.data.row_store import RowStore

DRAWS = np.random.default_rng(5)
ROWS = pl.DataFrame(
    {
        "id": [f"r{i:05}" for i in range(20_000)],
        "answer": np.where(DRAWS.random(20_000) < 0.0625, "yes", "no"),
        "draw": DRAWS.random(20_000),
    }
)


def after(folder: Path, gone: pl.Expr, rows: pl.DataFrame = ROWS, batch_rows: int = 3000) -> RowStore:
    store = RowStore(rows, folder, batch_rows=batch_rows)
    store.reject("first", pl.when(pl.col("draw") > 2).then(pl.lit("nothing")))
    store.reject("second", pl.when(gone).then(pl.lit("why")))
    assert store.height
    return store


def test_a_step_that_takes_one_class_is_named(tmp_path: Path) -> None:
    store = after(tmp_path, (pl.col("answer") == "no") & (pl.col("draw") < 0.9))
    (step,) = class_shares(store.steps)
    assert step["step"] == "second" and step["rejected"] == 20_000 - store.height
    yes = next(one for one in step["classes"] if one["name"] == "yes")
    assert yes["before"] == (ROWS["answer"] == "yes").mean()
    assert yes["after"] == pytest.approx((store.column("answer") == "yes").mean())
    (sentence,) = warnings([step])
    assert sentence.startswith("'second' moves the share of ") and "more than chance" in sentence


def test_a_step_that_takes_rows_at_random_is_not(tmp_path: Path) -> None:
    found = class_shares(after(tmp_path, pl.col("draw") < 0.9).steps)
    assert len(found) == 1 and warnings(found) == []


def test_the_level_is_kept_over_many_random_steps(tmp_path: Path) -> None:
    draws, false = np.random.default_rng(1), 0
    for number in range(60):
        rows = ROWS[:2000].with_columns(draw=pl.Series(draws.random(2000)))
        false += bool(warnings(class_shares(after(tmp_path / str(number), pl.col("draw") < 0.3, rows).steps)))
    assert false <= 3


def test_free_text_is_not_counted(tmp_path: Path) -> None:
    rows = ROWS[:1000].with_columns(answer=pl.format("text {}", pl.int_range(1000)))
    store = after(tmp_path, pl.col("draw") < 0.5, rows, batch_rows=50)
    assert store.steps[1].answers == {} and class_shares(store.steps) == []
    assert MAX_CLASSES < 1000


def test_missing_answers_are_no_class(tmp_path: Path) -> None:
    rows = ROWS.with_columns(answer=pl.when(pl.col("draw") < 0.2).then(None).otherwise("answer"))
    store = after(tmp_path, pl.col("answer").is_null(), rows)
    assert class_shares(store.steps) == []


@pytest.mark.parametrize(("out", "whole", "before", "gone"), [(3, 50, 10, 20), (8, 50, 10, 20), (0, 40, 20, 9)])
def test_the_test_is_fishers_on_one_side_twice(out: int, whole: int, before: int, gone: int) -> None:
    table = [[out, before - out], [gone - out, whole - before - gone + out]]
    one = min(fisher_exact(table, side).pvalue for side in ("less", "greater"))
    assert two_sided(out, whole, before, gone) == pytest.approx(min(1.0, 2 * one))
