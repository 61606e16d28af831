"""The column that the answer follows from is on top, with an interval that holds what is lost without it."""

from collections.abc import Sequence

import numpy as np
import polars as pl
import pytest

from shipworthy.evaluation import importance
from shipworthy.evaluation.importance import importances
from shipworthy.models.protocol import Prediction

DRAWS = np.random.default_rng(2)
ROWS = pl.DataFrame({"id": [str(i) for i in range(3000)], "b": DRAWS.random(3000), "a": DRAWS.random(3000)})
ROWS = ROWS.with_columns(answer=pl.when(pl.col("a") > 0.5).then(pl.lit("yes")).otherwise(pl.lit("no")))


class Model:
    """Says yes where `a` is above a half, and counts the rows that it was asked."""

    asked = 0

    def predict(self, rows: pl.DataFrame) -> Sequence[Prediction]:
        assert "answer" not in rows.columns
        self.asked += rows.height
        return [Prediction("yes" if a > 0.5 else "no") for a in rows["a"]]


def right(given: Sequence[Prediction], answers: Sequence[str]) -> np.ndarray:
    return np.array([one.text == answer for one, answer in zip(given, answers, strict=True)])


def test_what_the_model_looks_at_is_on_top() -> None:
    found = importances(Model(), ROWS, ["b", "a"], right, 3)
    assert list(found) == ["a", "b"]
    assert found["a"].low < 0.5 < found["a"].high and found["a"].high - found["a"].low < 0.1
    assert (found["b"].value, found["b"].low, found["b"].high) == (0, 0, 0)
    assert importances(Model(), ROWS, ["b", "a"], right, 3) == found


def test_rows_and_columns_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importance, "MOST_ROWS", 200)
    monkeypatch.setattr(importance, "MOST_COLUMNS", 3)
    model, rows = Model(), ROWS.with_columns(**{f"x{i}": pl.col("b") for i in range(30)})
    found = importances(model, rows, ["a", "b", *(f"x{i}" for i in range(30))], right, 1)
    assert len(found) == 3 and next(iter(found)) == "a"
    assert model.asked == 200 * (1 + 32 + 3 * importance.REPEATS)
