import numpy as np
import polars as pl
import pytest

from shipworthy.models.bounded import Bounded, bounded, learn
from shipworthy.models.conformal import Conformal
from shipworthy.models.numbers import predicted, quantiles
from shipworthy.models.protocol import Prediction
from shipworthy.models.xgboost.family import XGBoostModel
from shipworthy.models.xgboost.schema import XGBoost

BOUNDS = [Prediction("3.0", number=3.0, low=1.0, high=4.0)]


def test_a_number_alone_is_judged_by_its_error_and_bounds_by_what_lies_outside() -> None:
    assert learn(0.5, predicted([3.0]), ["5"]) == Conformal(0.5, 2.0)
    assert learn(0.5, BOUNDS, ["5"]) == Conformal(0.5, 1.0)
    assert learn(0.5, BOUNDS, ["0.5"]) == Conformal(0.5, 0.5)
    assert learn(0.5, BOUNDS, ["2"]) == Conformal(0.5, -1.0)


def test_a_bounded_model_says_the_same_numbers() -> None:
    class Model:
        def predict(self, rows: pl.DataFrame) -> list[Prediction]:
            return BOUNDS * rows.height

    said = Bounded(Model(), Conformal(0.9, 2.0)).predict(pl.DataFrame({"a": [1, 2]}))
    assert said == [Prediction("3.0", number=3.0, low=-1.0, high=6.0)] * 2
    assert bounded(Conformal(0.9, 2.0), predicted([3.0])) == [Prediction("3.0", number=3.0, low=1.0, high=5.0)]


def test_quantiles_that_cross_are_put_in_order() -> None:
    (one,) = quantiles(np.array([[3.0, 2.0, 1.0]]))
    assert one == Prediction("2.0", number=2.0, low=1.0, high=3.0)


@pytest.mark.long
@pytest.mark.timeout(900)
@pytest.mark.parametrize("objective", ["squared_error", "quantiles"])
@pytest.mark.parametrize("growing", [False, True], ids=["noise alike", "noise growing"])
def test_trees_that_validation_stopped_hold_nearly_as_many(objective: str, growing: bool) -> None:
    """The same validation rows stop the trees and tell the width: on 300 of them that costs less than 1.5 points."""
    draws, held = np.random.default_rng(3), []
    config = XGBoost(
        objective=objective,
        interval=0.9 if objective == "quantiles" else 0.0,
        rounds=60,
        early_stopping_rounds=10,
        learning_rate=0.2,
        max_depth=3,
        threads=1,
    )
    for seed in range(40):
        a, b = draws.random((2, 600 + 300 + 1000))
        noise = draws.normal(size=len(a)) * (0.1 + 2 * a if growing else 1.0)
        rows = pl.DataFrame({"a": a, "b": b, "answer": [repr(float(one)) for one in 3 * a + np.sin(6 * b) + noise]})
        train, validation, test = rows[:600], rows[600:900], rows[900:]
        model = XGBoostModel(config)
        model.fit(train, validation, seed)
        interval = learn(0.9, model.predict(validation), validation["answer"].to_list())
        said, answers = bounded(interval, model.predict(test)), test["answer"].cast(pl.Float64)
        held.append(np.mean([p.low <= y <= p.high for p, y in zip(said, answers, strict=True)]))
    assert abs(np.mean(held) - 0.9) < 0.015
