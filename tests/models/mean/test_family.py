from pathlib import Path

import numpy as np
import polars as pl
import pytest

from shipworthy.models.mean.family import create
from shipworthy.models.mean.schema import Mean
from shipworthy.models.protocol import Prediction
from tests.models import samples

CONFIG = Mean()


@pytest.mark.parametrize(("answers", "said"), [(["10", "2", "3"], "5.0"), (["7"], "7.0")])
def test_it_answers_the_mean(answers: list[str], said: str, tmp_path: Path) -> None:
    train = pl.DataFrame({"answer": answers}).with_columns(a=1)
    model = create(CONFIG)
    model.fit(train, train, 0)
    assert model.predict(train.drop("answer")) == [Prediction(said, number=float(said))] * len(answers)
    samples.saved_and_loaded(CONFIG, model, train.drop("answer"), tmp_path)


def test_no_other_constant_has_a_smaller_squared_error() -> None:
    answers = np.random.default_rng(0).lognormal(size=201)
    train = pl.DataFrame({"answer": [repr(float(one)) for one in answers]})
    model = create(CONFIG)
    model.fit(train, train, 0)
    errors = [((answers - constant) ** 2).mean() for constant in np.linspace(0, 5, 500)]
    assert model.number is not None
    assert ((answers - model.number) ** 2).mean() <= min(errors)
    assert ((answers - np.median(answers)) ** 2).mean() > min(errors)


def test_rows_without_answers_are_refused() -> None:
    samples.refuses_rows_without_answers(CONFIG, samples.measured())
