"""What packages carry says what the families say."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from shipworthy.core.groups import ModelConfig
from shipworthy.models import build
from shipworthy.models.logistic import linear
from shipworthy.models.logistic.schema import Logistic
from shipworthy.models.ridge.schema import Ridge
from tests.models import samples

CASES = {
    "numbers": (Ridge(), samples.measured()),
    "rare names share a weight": (Ridge(max_categories=2), samples.measured()),
    "two classes": (Logistic(), samples.table()),
    "three classes": (Logistic(max_categories=2), samples.table(classes=("a", "b", "c"))),
}


@pytest.mark.parametrize("case", CASES)
def test_it_says_what_the_family_says(case: str, tmp_path: Path) -> None:
    config: ModelConfig
    config, train = CASES[case]
    flags = pl.Series("flag", np.random.default_rng(1).random(train.height) < 0.5)
    train = train.with_columns(flags)
    model = build.create(config)
    model.fit(train, train, 0)
    model.save(tmp_path)
    strange = {"age": [None, float("nan"), 33.0], "job": ["astronaut", None, "judge"], "flag": [None, True, False]}
    rows = pl.concat([train.select("age", "job", "flag"), pl.DataFrame(strange)])
    packed = linear.load(tmp_path)
    assert sorted(packed.columns) == ["age", "flag", "job"]
    for found, expected in zip(packed.predict(rows.to_dicts()), model.predict(rows), strict=True):
        if expected.number is not None:
            assert found == {"prediction": pytest.approx(expected.number, rel=1e-12)}
        else:
            assert found["prediction"] == expected.text
            assert found["probabilities"] == pytest.approx(expected.probabilities, rel=1e-9)


def test_a_column_that_a_row_lacks_is_missing() -> None:
    encoding = {"categories": {"job": ["judge"]}, "numbers": {"age": [40.0, 38.0, 2.0]}, "others": []}
    model = linear.Linear({"encoding": encoding, "weights": [10.0, 3.0], "bias": 1.0})
    rows = [{}, {"age": 42, "job": "judge"}, {"age": 38, "job": "clerk"}]
    assert model.predict(rows) == [{"prediction": 4.0}, {"prediction": 17.0}, {"prediction": 1.0}]
