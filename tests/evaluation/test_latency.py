import time
from collections.abc import Sequence

import polars as pl
import pytest

from shipworthy.evaluation import latency
from shipworthy.models.protocol import Prediction


class Slow:
    """Takes as long as the row says."""

    def __init__(self) -> None:
        self.asked: list[float] = []

    def predict(self, rows: pl.DataFrame) -> Sequence[Prediction]:
        assert rows.height == 1
        self.asked.append(rows["seconds"][0])
        time.sleep(rows["seconds"][0])
        return [Prediction("")]


def test_each_row_is_timed_alone_after_one_to_warm_up() -> None:
    model = Slow()
    seconds = latency.one_by_one(model, pl.DataFrame({"seconds": [0.001, 0.05, 0.02]}))
    assert model.asked == [0.001, 0.001, 0.05, 0.02]
    assert seconds[1] >= 0.05
    assert seconds[2] >= 0.02
    assert seconds[0] < seconds[1]


def test_percentile() -> None:
    assert latency.percentile([float(i) for i in range(101)], 0.95) == pytest.approx(95)
