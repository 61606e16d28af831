"""Rows of tables: what is rejected, and what the task is told of the rest."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from shipworthy.core.errors import UsageError
from shipworthy.data import build, examples
from shipworthy.data.kinds.schema import Table
from shipworthy.data.row_store import RowStore
from shipworthy.evaluation.tasks.classification.schema import Classification

CONFIG = Table(name="n", licence="l", file="f", label="y", missing=["?"])
TASK = Classification(name="t", description="d", baselines=["majority"], positive="yes")


def clean_rows(folder: Path, config: Table = CONFIG, **columns: list[object]) -> RowStore:
    store = RowStore(pl.DataFrame({"id": [f"r{i}" for i in range(len(columns["answer"]))], **columns}), folder)
    build.clean_rows(config, store)
    return store


def test_repeated_rows_stay_in_one_cluster(tmp_path: Path) -> None:
    store = clean_rows(tmp_path, age=[1, 1, 1, 2], job=["a", " a", "a", "b"], answer=["yes", "yes", "no", "no"])
    assert store.rows.collect()["cluster"].to_list() == ["r0", "r0", "r0", "r3"]
    assert pl.concat(store.rejected()).height == 0


def test_missing_values_and_duplicates_that_are_dropped(tmp_path: Path) -> None:
    store = clean_rows(
        tmp_path,
        replace(CONFIG, repeated="drop"),
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
    assert store.rows.collect()["age"].to_list() == [1, 2, 2]


def test_not_a_number_is_a_missing_value(tmp_path: Path) -> None:
    store = clean_rows(tmp_path, age=[1.5, float("nan")], job=["a", "b"], answer=["yes", "no"])
    assert store.rows.collect()["age"].to_list() == [1.5, None]


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"repeated": "both"}, "choose one of keep, drop"),
        ({"repeated": "drop", "id": "key"}, "has no effect with"),
    ],
)
def test_what_cannot_be_done_with_repeated_rows_is_refused(settings: dict[str, str], sentence: str) -> None:
    with pytest.raises(UsageError, match=sentence):
        replace(CONFIG, **settings)


def test_a_label_that_is_a_measure_is_refused(tmp_path: Path) -> None:
    prices = [f"{100 + i * 1.37:.3f}" for i in range(150)]
    with pytest.raises(
        UsageError,
        match=r"Column 'y' holds 150 distinct numbers.*they look like a measure, and the task asks for classes",
    ):
        clean_rows(tmp_path, age=list(range(150)), answer=list(prices))


@pytest.mark.parametrize(
    ("answers", "config"),
    [
        ([str(i % 100) for i in range(2000)], CONFIG),  # the numbers 0 to 99, of twenty rows each
        ([str(i) for i in range(20)], CONFIG),
        ([f"item {i}" for i in range(100)], CONFIG),
        ([str(i) for i in range(100)], replace(CONFIG, columns={"age": "int", "y": "string"})),
    ],
)
def test_honest_classes_are_no_measure(tmp_path: Path, answers: list[object], config: Table) -> None:
    assert clean_rows(tmp_path, config, age=list(range(len(answers))), answer=answers).height == len(answers)


def test_classes_named_like_words_of_python_or_yaml_stay(tmp_path: Path) -> None:
    names = ["null", "None", "nan", "NA", "true", "~", "no"]
    store = clean_rows(tmp_path, age=list(range(70)), answer=list(np.repeat(names, 10)))
    assert sorted(set(store.column("answer"))) == sorted(names)


def shaped(folder: Path, answers: list[str], splits: list[str]) -> examples.Examples:
    store = clean_rows(folder, age=list(range(len(answers))), job=["a"] * len(answers), answer=list(answers))
    store.attach("split", pl.Series(splits))
    return examples.shape(TASK, CONFIG, store, chat=pytest.fail, folder=folder)


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
        (["no", "no", "yes"], "No row of train has the class 'yes': bring rows of it"),
    ],
)
def test_classes_that_cannot_be_learned_are_refused(tmp_path: Path, answers: list[str], sentence: str) -> None:
    with pytest.raises(UsageError, match=sentence):
        shaped(tmp_path, answers, ["train", "train", "test"])


def test_a_threshold_is_of_two_classes(tmp_path: Path) -> None:
    store = clean_rows(tmp_path, age=[1, 2, 3], job=["a"] * 3, answer=["yes", "no", "maybe"])
    store.attach("split", pl.Series(["train"] * 3))
    task = replace(TASK, metric="f1", decision="threshold")
    with pytest.raises(UsageError, match="task.decision=threshold is for two classes, and there are 3: leave it"):
        examples.shape(task, CONFIG, store, chat=pytest.fail, folder=tmp_path)
