from pathlib import Path

import polars as pl
import pytest

from shipworthy.models.majority.family import create
from shipworthy.models.majority.schema import Majority
from shipworthy.models.protocol import Prediction
from tests.models import samples

CONFIG = Majority()


def test_the_most_frequent_answer_and_its_share_of_the_last_class(tmp_path: Path) -> None:
    train = pl.DataFrame({"id": list("abcd"), "answer": ["no", "no", "yes", "no"]})
    model = create(CONFIG)
    model.fit(train, train, 0)
    (prediction,) = set(model.predict(train.drop("answer")))
    assert prediction == Prediction("no", pytest.approx(0.25))
    samples.saved_and_loaded(CONFIG, model, train.drop("answer"), tmp_path)


def test_of_equals_the_first_in_sorted_order_whatever_the_order_of_rows() -> None:
    for answers in (["b", "a", "c"], ["c", "b", "a"]):
        model = create(CONFIG)
        model.fit(pl.DataFrame({"answer": answers}), pl.DataFrame(), 0)
        assert model.predict(pl.DataFrame({"id": ["1"]})) == [Prediction("a")]


def test_rows_without_answers_are_refused() -> None:
    samples.refuses_rows_without_answers(CONFIG, samples.operations())


def test_a_document_in_many_chunks_counts_once() -> None:
    ids = ["a#1", "a#2", "a#3", "b", "c"]
    train = pl.DataFrame({"id": ids, "chunk_of": ["a", "a", "a", "b", "c"], "answer": ["x", "x", "x", "y", "y"]})
    model = create(CONFIG)
    model.fit(train, train, 0)
    assert model.predict(train[:1]) == [Prediction("y", pytest.approx(2 / 3))]
