"""Rows of tables: what is rejected, and what the task is told of the rest."""

from pathlib import Path

import polars as pl
import pytest

from shipworthy.core.errors import UsageError
from shipworthy.data import build, examples
from shipworthy.data.row_store import RowStore
from shipworthy.data.schema import Table
from shipworthy.evaluation.tasks.schema import Classification

CONFIG = Table(name="n", licence="l", file="f", label="y", missing=["?"])
TASK = Classification(name="t", description="d", baselines=["majority"], positive="yes")


def clean_rows(folder: Path, **columns: list[object]) -> RowStore:
    store = RowStore(pl.DataFrame({"id": [f"r{i}" for i in range(len(columns["answer"]))], **columns}), folder)
    build.clean_rows(CONFIG, store)
    return store


def test_missing_values_and_duplicates(tmp_path: Path) -> None:
    store = clean_rows(
        tmp_path,
        age=[1, 1, 1, 2, None, 3],
        job=["a", " a", "a ", "?", "?", ""],
        answer=["yes", "yes", "no", "no", "yes", "?"],
    )
    why = {row["id"]: (row["reason"], row["detail"]) for row in pl.concat(store.rejected()).iter_rows(named=True)}
    assert why == {
        "r1": ("exact duplicate", "of r0"),
        "r4": ("empty", "every feature is missing"),
        "r5": ("empty", "the label is missing"),
    }
    rows = store.rows.collect()
    assert rows["cluster"].to_list() == ["r0", "r0", "r3"]
    assert rows["job"].to_list() == ["a", "a", None]


def test_a_table_of_numbers_has_no_text_to_clean(tmp_path: Path) -> None:
    store = clean_rows(tmp_path, age=[1, 2, 2], answer=["yes", "no", "no"])
    assert store.rows.collect()["age"].to_list() == [1, 2]


def test_not_a_number_is_a_missing_value(tmp_path: Path) -> None:
    store = clean_rows(tmp_path, age=[1.5, float("nan")], job=["a", "b"], answer=["yes", "no"])
    assert store.rows.collect()["age"].to_list() == [1.5, None]


def shaped(folder: Path, answers: list[str], splits: list[str]) -> examples.Examples:
    store = clean_rows(folder, age=list(range(len(answers))), job=["a"] * len(answers), answer=list(answers))
    store.attach("split", pl.Series(splits))
    return examples.shape(TASK, CONFIG, store, chat=pytest.fail)


def test_classes_and_columns_are_described_without_the_test_answers(tmp_path: Path) -> None:
    result = shaped(tmp_path, ["yes", "no", "no", "yes", "no"], ["train", "train", "validation", "test", "test"])
    assert (result.features, result.categorical, result.classes) == (["age", "job"], ["job"], ["no", "yes"])
    assert result.statistics["classes"] == {"train": {"no": 1, "yes": 1}, "validation": {"no": 1}}
    assert result.statistics["columns"]["job"] == {"type": "String", "missing": 0.0, "distinct": 1}


@pytest.mark.parametrize(
    ("answers", "sentence"),
    [
        (["yes", "yes", "yes"], "Every row has the class 'yes'"),
        (["no", "maybe", "no"], "task.positive=yes is not one of the classes maybe, no"),
        (["no", "no", "yes"], "No row of train has the class 'yes'"),
    ],
)
def test_classes_that_cannot_be_learned_are_refused(tmp_path: Path, answers: list[str], sentence: str) -> None:
    with pytest.raises(UsageError, match=sentence):
        shaped(tmp_path, answers, ["train", "train", "test"])
