"""Two versions of a dataset: each change is found, counted and named, and the test split's answers are not shown."""

from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shipworthy.core.artifact import Artifact
from shipworthy.data.versions.diff import Difference, difference
from shipworthy.data.versions.drift import psi
from shipworthy.stages.data import lines
from tests.data.versions.made import ROWS, dataset, named, numbered


@pytest.fixture
def first(tmp_path: Path) -> Artifact:
    return dataset(tmp_path / "a", named(ROWS))


def against(first: Artifact, rows: pl.DataFrame) -> Difference:
    return difference(first, dataset(first.path.with_name("b"), rows))


def test_a_dataset_is_no_other_than_itself(first: Artifact) -> None:
    found = against(first, named(ROWS))
    assert (found.rows, found.matched) == ((100, 100), 100)
    assert (found.added[1], found.removed[1], found.changed[1]) == (0, 0, 0)
    assert (found.columns, found.labels, found.splits, found.test_answers) == ({}, [], [], True)
    assert set(found.drift.values()) == {0.0}


def test_every_sort_of_change_is_named(first: Artifact) -> None:
    at = pl.col("id")
    rows = named(ROWS).filter(at != "ticket-00000005")
    rows = rows.with_columns(
        age=pl.when(at == "ticket-00000010").then(99).otherwise("age"),
        answer=pl.when(at.is_in(["ticket-00000011", "ticket-00000099"])).then(pl.lit("maybe")).otherwise("answer"),
        split=pl.when(at == "ticket-00000012").then(pl.lit("test")).otherwise("split"),
    )
    rows = pl.concat([rows, named(ROWS)[:1].with_columns(id=pl.lit("ticket-new"))])
    found = against(first, rows)
    assert found.added == (["ticket-new"], 1)
    assert found.removed == (["ticket-00000005"], 1)
    assert found.changed == (["ticket-00000010", "ticket-00000011"], 2)
    assert found.columns == {"age": 1}
    assert found.labels == [("yes", "maybe", 1)]
    assert found.splits == [("train", "test", 1)]
    assert found.test_answers is None
    said = "\n".join(lines(found, "a", "b"))
    assert "label yes → maybe: 1 rows" in said
    assert "split train → test: 1 rows" in said


def test_test_answers_are_told_apart_but_not_shown(first: Artifact) -> None:
    last = pl.col("id") == "ticket-00000099"
    found = against(first, named(ROWS).with_columns(answer=pl.when(last).then(pl.lit("leak")).otherwise("answer")))
    assert found.test_answers is False
    assert (found.labels, found.changed[1]) == ([], 0)
    assert "leak" not in "".join(lines(found, "a", "b"))


@settings(max_examples=5, deadline=None)
@given(st.integers(0, 69), st.integers(0, 69))
def test_a_row_put_in_shifts_no_other(tmp_path_factory: pytest.TempPathFactory, place: int, gone: int) -> None:
    folder = tmp_path_factory.mktemp("versions")
    new = pl.DataFrame({"id": "x", "age": [1], "job": "pilot", "answer": "no", "split": "train"})
    before = numbered(ROWS)
    after = numbered(
        pl.concat([new.cast(before.schema), before])
        if place == 0
        else pl.concat([before[:place], new.cast(before.schema), before[place:]])
    )
    found = difference(dataset(folder / "a", before), dataset(folder / "b", after))
    assert (found.added[1], found.removed[1], found.changed[1]) == (1, 0, 0)
    less = numbered(pl.concat([before[:gone], before[gone + 1 :]]))
    found = difference(dataset(folder / "a", before), dataset(folder / "c", less))
    assert (found.added[1], found.removed[1], found.changed[1]) == (0, 1, 0)


def test_a_changed_cell_of_a_numbered_row_is_a_change(tmp_path: Path) -> None:
    rows = numbered(ROWS)
    other = rows.with_columns(job=pl.when(pl.col("id") == rows["id"][3]).then(pl.lit("pilot")).otherwise("job"))
    found = difference(dataset(tmp_path / "a", rows), dataset(tmp_path / "b", other, sha256="1"))
    assert found.changed == (["row-00000003"], 1)
    assert found.columns == {"job": 1}
    assert found.source == ["sha256: 0 → 1"]


def test_numbered_rows_without_a_column_in_common_are_matched_by_number(tmp_path: Path) -> None:
    rows = numbered(ROWS)
    renamed = {name: f"new {name}" for name in rows.columns if name not in ("id", "cluster", "answer", "split")}
    kept = rows.rename(renamed).filter(pl.col("id") != "row-00000004")
    found = difference(dataset(tmp_path / "a", rows), dataset(tmp_path / "b", kept))
    assert (found.matched, found.removed) == (99, (["row-00000004"], 1))
    assert (found.labels, found.splits, found.changed[1]) == ([], [], 0)


def test_columns_that_come_and_go_and_drift(first: Artifact) -> None:
    found = against(first, named(ROWS).rename({"job": "trade"}).with_columns(age=pl.col("age") + 40))
    assert (found.new_columns, found.lost_columns) == (["trade"], ["job"])
    assert found.columns == {"age": 100}
    assert found.drift["age"] > 1


def test_the_index_is_that_of_its_formula() -> None:
    a = pl.DataFrame({"x": ["a"] * 50 + ["b"] * 50})
    b = pl.DataFrame({"x": ["a"] * 80 + ["b"] * 20})
    # (.8 - .5) ln(.8 / .5) + (.2 - .5) ln(.2 / .5)
    assert psi(a, b) == pytest.approx(0.4159, abs=1e-4)
    numbers = pl.DataFrame({"x": range(1000)})
    assert psi(numbers, numbers.sample(fraction=1, shuffle=True, seed=1)) == 0
    assert psi(numbers, numbers.with_columns(pl.col("x") + 500)) > 1
    assert psi(pl.DataFrame({"x": [None] * 9 + [1]}), pl.DataFrame({"x": [None] + [1] * 9})) > 1
