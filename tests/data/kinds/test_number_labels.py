"""Labels of a regression: read as a feature's numbers are, plainly written, and rejected where they are none."""

from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest

from shipworthy.core.errors import UsageError
from shipworthy.data import build, examples
from shipworthy.data.decimal_mark import with_decimal_mark
from shipworthy.data.kinds.number_labels import number_label
from shipworthy.data.kinds.schema import Records, Table
from shipworthy.data.row_store import RowStore
from shipworthy.data.splits.schema import Split
from shipworthy.evaluation.tasks.classification.schema import Classification
from shipworthy.evaluation.tasks.regression.schema import Regression

CONFIG = Table(name="n", licence="l", file="f.csv", label="y", missing=["unknown"])
TASK = Regression(name="t", description="d", baselines=["median"])


def cleaned(folder: Path, answers: list[str | None], config: Table = CONFIG) -> RowStore:
    rows = pl.DataFrame({"id": [f"r{i}" for i in range(len(answers))], "age": range(len(answers)), "answer": answers})
    store = RowStore(rows, folder)
    build.clean_rows(config, store, numbers=True)
    return store


def rejected(store: RowStore) -> dict[str, tuple[str, str]]:
    return {row["id"]: (row["reason"], row["detail"]) for row in pl.concat(store.rejected()).iter_rows(named=True)}


def test_a_number_stays_as_it_stands_and_what_is_none_goes_out_with_its_reason(tmp_path: Path) -> None:
    store = cleaned(
        tmp_path, ["12.50", " 7 ", "1e3", "-0", "n/a", None, "unknown", "dear", "inf", "-Infinity", "1e999"]
    )
    assert store.rows.collect()["answer"].to_list() == ["12.50", "7", "1e3", "-0"]
    assert rejected(store) == {
        "r4": ("label is no number", "the label is missing ('n/a')"),
        "r5": ("empty", "the label is missing"),
        "r6": ("empty", "the label is missing"),
        "r7": ("label is no number", "the label 'dear' is no number"),
        "r8": ("label is no number", "the label 'inf' is not finite"),
        "r9": ("label is no number", "the label '-Infinity' is not finite"),
        "r10": ("label is no number", "the label '1e999' is not finite"),
    }
    assert "_plain" not in store.columns and "_sign" not in store.columns


def test_what_a_spreadsheet_shows_is_written_plainly(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    store = cleaned(tmp_path, ["$1,234.50", "$ 5", "($7)", "$0.5", "€3", "12"])
    assert [float(one) for one in store.rows.collect()["answer"]] == [1234.5, 5, -7, 0.5]
    assert rejected(store) == {
        "r4": ("label in another unit", "next to its label is '€', next to most '$'"),
        "r5": ("label in another unit", "next to its label is nothing, next to most '$'"),
    }
    assert "Column 'y': the '$' next to its numbers is left out" in capsys.readouterr().out


def test_a_comma_may_stand_before_the_decimals(tmp_path: Path) -> None:
    store = cleaned(tmp_path, ["1.234,5", "0,25", "1234.567,8"], replace(CONFIG, decimal=","))
    assert [float(one) for one in store.rows.collect()["answer"]] == [1234.5, 0.25]


def test_the_comma_is_found_where_the_label_alone_has_one(tmp_path: Path) -> None:
    (tmp_path / "f.csv").write_text("n;y\n" + "".join(f"{i};{i},5\n" for i in range(9)), encoding="utf-8")
    paths = [tmp_path / "f.csv"]
    assert with_decimal_mark(CONFIG, paths).decimal == "."
    assert with_decimal_mark(CONFIG, paths, number_label(TASK, CONFIG)).decimal == ","


def test_only_a_regression_on_a_table_has_such_labels() -> None:
    classes = Classification(name="t", description="d", baselines=["majority"])
    assert number_label(TASK, CONFIG) == "y" and number_label(classes, CONFIG) == ""
    with pytest.raises(UsageError, match="stratify=true divides rows by their classes, and a task of regression has"):
        number_label(TASK, replace(CONFIG, split=Split(stratify=True)))


def test_where_no_label_is_a_number_one_sentence_says_so(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="Column 'y' holds no number, but such as 'yes', and a task of regression"):
        cleaned(tmp_path, ["yes", "no"])


def test_texts_are_no_table(tmp_path: Path) -> None:
    config = Records(name="n", licence="l", file="f", text="t", answer="y")
    store = RowStore(pl.DataFrame({"id": ["a"], "t": ["x"], "answer": ["1"]}), tmp_path)
    with pytest.raises(UsageError, match="A task of regression learns from tables, and data 'records' is none"):
        build.clean_rows(config, store, numbers=True)


def test_the_page_has_the_numbers_of_train_and_validation(tmp_path: Path) -> None:
    store = cleaned(tmp_path, [str(i) for i in range(10)])
    store.change(pl.when(pl.col("age") < 6).then(pl.lit("train")).when(pl.col("age") < 8).then(pl.lit("validation"))
                 .otherwise(pl.lit("test")).alias("split"))  # fmt: skip
    found = examples.shape(TASK, CONFIG, store, lambda: None, tmp_path)
    assert (found.features, found.classes) == (["age"], [])
    numbers = found.statistics["numbers"]
    assert list(numbers) == ["train", "validation"]
    assert (numbers["train"]["rows"], numbers["train"]["least"], numbers["train"]["median"]) == (6, 0.0, 2.5)
    assert (numbers["validation"]["mean"], numbers["validation"]["largest"]) == (6.5, 7.0)


def test_one_number_alone_teaches_nothing(tmp_path: Path) -> None:
    store = cleaned(tmp_path, ["5", "5.0", "5"])
    store.change(pl.when(pl.col("age") < 2).then(pl.lit("train")).otherwise(pl.lit("validation")).alias("split"))
    with pytest.raises(UsageError, match="Every row of train has the label 5, so there is nothing to learn"):
        examples.shape(TASK, CONFIG, store, lambda: None, tmp_path)
