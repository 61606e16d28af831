from pathlib import Path

import polars as pl

from shipworthy.models.majority.family import MOST_CLASSES, create
from shipworthy.models.majority.schema import Majority
from shipworthy.models.protocol import Prediction
from tests.models import samples

CONFIG = Majority()


def test_the_most_frequent_answer_and_the_shares_of_the_classes(tmp_path: Path) -> None:
    train = pl.DataFrame({"id": list("abcd"), "answer": ["no", "no", "yes", "no"]})
    model = create(CONFIG)
    model.fit(train, train, 0)
    assert model.predict(train.drop("answer")) == [Prediction("no", {"no": 0.75, "yes": 0.25})] * 4
    samples.saved_and_loaded(CONFIG, model, train.drop("answer"), tmp_path)


def test_of_equals_the_first_in_sorted_order_whatever_the_order_of_rows() -> None:
    for answers in (["b", "a", "c"], ["c", "b", "a"]):
        model = create(CONFIG)
        model.fit(pl.DataFrame({"answer": answers}), pl.DataFrame(), 0)
        assert model.predict(pl.DataFrame({"id": ["1"]})) == [Prediction("a", dict.fromkeys("abc", 1 / 3))]


def test_of_texts_there_are_no_shares(tmp_path: Path) -> None:
    train = pl.DataFrame({"answer": [f"text {i}" for i in range(MOST_CLASSES)] + ["text 7"]})
    model = create(CONFIG)
    model.fit(train, train, 0)
    (answer,) = model.predict(train[:1])
    assert answer.probabilities is not None and len(answer.probabilities) == MOST_CLASSES
    model.fit(pl.concat([train, pl.DataFrame({"answer": ["one more"]})]), train, 0)
    assert model.predict(train[:1]) == [Prediction("text 7")]
    samples.saved_and_loaded(CONFIG, model, train.drop("answer").with_columns(a=1), tmp_path)


def test_rows_without_answers_are_refused() -> None:
    samples.refuses_rows_without_answers(CONFIG, samples.operations())


def test_a_document_in_many_chunks_counts_once() -> None:
    ids = ["a#1", "a#2", "a#3", "b", "c"]
    train = pl.DataFrame({"id": ids, "chunk_of": ["a", "a", "a", "b", "c"], "answer": ["x", "x", "x", "y", "y"]})
    model = create(CONFIG)
    model.fit(train, train, 0)
    assert model.predict(train[:1]) == [Prediction("y", {"x": 1 / 3, "y": 2 / 3})]
