"""Answers that are lists of labels: read from lists or text, written as JSON, and rejected where there are none."""

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest

from shipworthy.core.errors import UsageError
from shipworthy.data import build, examples
from shipworthy.data.fitted.encode.schema import Encode, Target
from shipworthy.data.fitted.schema import Fitting
from shipworthy.data.gates.row_settings import Balance
from shipworthy.data.gates.schema import Gates
from shipworthy.data.kinds.label_lists import reads_labels
from shipworthy.data.kinds.schema import Conversations, Records, Table
from shipworthy.data.row_store import RowStore
from shipworthy.data.schema import Data
from shipworthy.data.splits.schema import Split
from shipworthy.evaluation.tasks.classification.schema import Classification
from shipworthy.evaluation.tasks.multi_label.schema import MultiLabel
from tests.data.test_sources import read

TABLE = Table(name="n", licence="l", file="f.csv", label="tags", missing=["unknown"])
TEXTS = Records(name="n", licence="l", file="f.jsonl", text="text", answer="tags")
TASK = MultiLabel(name="t", description="d", baselines=["frequent"])


def cleaned(folder: Path, answers: Sequence[str | None], config: Data = TABLE) -> RowStore:
    column = (
        {"age": range(len(answers))} if config is not TEXTS else {"text": [f"w{i} " * 9 for i in range(len(answers))]}
    )
    rows = pl.DataFrame({"id": [f"r{i}" for i in range(len(answers))], **column, "answer": answers})
    store = RowStore(rows, folder)
    build.clean_rows(config, store, labels=True)
    return store


def answers(store: RowStore) -> list[str]:
    return store.rows.collect().sort("id")["answer"].to_list()


def details(store: RowStore) -> dict[str, str]:
    rejected = pl.concat(store.rejected())
    assert set(rejected["reason"]) == {"no list of labels"}
    return dict(rejected.select("id", "detail").iter_rows())


@pytest.mark.parametrize("config", [TABLE, TEXTS], ids=["table", "texts"])
def test_lists_are_sorted_without_repetitions_and_what_is_none_goes_out(tmp_path: Path, config: Data) -> None:
    given = ['["b", "a", "b"]', "[]", '["größe"]', "[3, 12]", None, "red", '["a", null]', '{"a": 1}', '["a", " "]']
    store = cleaned(tmp_path, given, config)
    assert answers(store) == ['["a", "b"]', "[]", '["größe"]', '["12", "3"]']
    assert details(store) == {
        "r4": "the labels are missing",
        "r5": "'red' is no list",
        "r6": "'[\"a\", null]' holds something else than names of labels",
        "r7": "'{\"a\": 1}' is no list",
        "r8": '\'["a", " "]\' holds something else than names of labels',
    }


def test_what_python_prints_of_lists_is_read_as_pandas_writes_it_into_csv(tmp_path: Path) -> None:
    given = [
        "['b', 'a']",
        "['a' 'b'\n 'c']",
        """["it's", 'so, so']""",
        "('a',)",
        "{'b'}",
        "[1, 2]",
        "[a, b]",
        "(1)",
        "1, 2",
    ]
    store = cleaned(tmp_path, given)
    assert answers(store) == ['["a", "b"]', '["a", "b", "c"]', '["it\'s", "so, so"]', '["a"]', '["b"]', '["1", "2"]']
    assert set(details(store)) == {"r6", "r7", "r8"}


@pytest.mark.parametrize("config", [TABLE, TEXTS], ids=["table", "texts"])
def test_a_separator_divides_text_and_an_empty_one_says_that_there_is_none(tmp_path: Path, config: Data) -> None:
    store = RowStore(
        pl.DataFrame(
            {"id": ["r0", "r1", "r2"], "age": [1, 2, 3], "text": ["one two", "three four", "five"],
             "answer": ["red | green|red|", None, "a, b"]}
        ),
        tmp_path,
    )  # fmt: skip
    build.clean_rows(replace(config, separator="|"), store, labels=True)
    assert answers(store) == ['["green", "red"]', "[]", '["a, b"]']


def test_lists_of_a_file_are_read(tmp_path: Path) -> None:
    path = tmp_path / "f.jsonl"
    rows = [{"text": "one", "tags": ["b", "a"]}, {"text": "two", "tags": []}]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    pl.DataFrame(rows).write_parquet(tmp_path / "f.parquet")
    for file in (path, tmp_path / "f.parquet"):
        store = RowStore(read(TEXTS, file), tmp_path / file.suffix)
        build.clean_rows(TEXTS, store, labels=True)
        assert sorted(store.rows.collect()["answer"]) == ['["a", "b"]', "[]"]


def test_where_no_row_has_a_list_one_sentence_says_so(tmp_path: Path) -> None:
    with pytest.raises(
        UsageError, match=r"Column 'tags' holds no list of labels, but such as 'a\|b': .* data.separator"
    ):
        cleaned(tmp_path, ["a|b", "c"])


def test_a_separator_needs_labels() -> None:
    one = Classification(name="t", description="d", baselines=["majority"])
    assert reads_labels(TASK, TABLE) and reads_labels(TASK, TEXTS) and not reads_labels(one, TABLE)
    with pytest.raises(UsageError, match=r"data.separator=\| divides a text into labels, and the task is classificat"):
        reads_labels(one, replace(TABLE, separator="|"))


@pytest.mark.parametrize(
    ("config", "setting"),
    [
        (replace(TABLE, split=Split(stratify=True)), "data.split.stratify asks for answers of one class"),
        (replace(TEXTS, answers={"1": "one"}), "data.answers asks"),
        (replace(TEXTS, refuse_literal=True), "data.refuse_literal asks"),
        (replace(TABLE, gates=Gates(balance=Balance())), "data.gates.balance asks"),
        (replace(TABLE, fitted=Fitting(encode=Encode(target=Target(["town"])))), "data.fitted.encode.target asks"),
        (Conversations(name="n", licence="l", file="f"), "learns from texts and tables, and data are conversations"),
    ],
)
def test_settings_of_single_classes_are_refused(config: Data, setting: str) -> None:
    with pytest.raises(UsageError, match=setting):
        reads_labels(TASK, config)


def divided(store: RowStore) -> RowStore:
    """Six rows of train, two of validation, the rest is test."""
    number = pl.col("id").str.slice(1).cast(pl.Int64)
    store.change(
        pl.when(number < 6).then(pl.lit("train")).when(number < 8).then(pl.lit("validation"))
        .otherwise(pl.lit("test")).alias("split")
    )  # fmt: skip
    return store


def test_the_labels_are_counted_one_by_one(tmp_path: Path) -> None:
    given = ['["a"]', '["a", "b"]', "[]", "[]", '["b"]', '["a"]', '["a"]', '["c"]', '["d"]', '["a"]']
    found = examples.shape(TASK, TABLE, divided(cleaned(tmp_path, given)), lambda: None, tmp_path)
    assert (found.features, found.classes) == (["age"], ["a", "b"])
    assert found.statistics["classes"] == {"train": {"a": 3, "b": 2}, "validation": {"a": 1, "c": 1}}
    assert found.statistics["without label"] == {"train": 2}
    assert found.warnings == [
        "no row of train has the label 'c', nor 1 more of validation or test, so that no model can say it"
    ]


def test_without_any_label_there_is_nothing_to_learn(tmp_path: Path) -> None:
    store = divided(cleaned(tmp_path, [*["[]"] * 8, '["a"]']))
    with pytest.raises(UsageError, match="No row of train has a label"):
        examples.shape(TASK, TABLE, store, lambda: None, tmp_path)
