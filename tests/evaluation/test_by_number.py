import numpy as np
import pytest

from shipworthy.evaluation import scores
from shipworthy.evaluation.by_number import POINTS, by_number, promise, remarks
from shipworthy.evaluation.intervals import wilson
from shipworthy.evaluation.resampling import Resampling
from shipworthy.evaluation.tasks.regression.schema import Regression
from shipworthy.models.protocol import Prediction

TASK = Regression(name="t", description="d", baselines=["median"], interval=0.8)
SAID = np.arange(1000) / 10
ERRORS = np.random.default_rng(0).normal(0, 1 + SAID / 20)
ANSWERS = [repr(float(one)) for one in SAID - ERRORS]
GIVEN = [Prediction(repr(one), number=one, low=one - 3, high=one + 3) for one in SAID.tolist()]
HOW = Resampling(1000, None, 0)


def test_errors_are_counted_and_told_by_what_was_said() -> None:
    found = by_number(TASK, GIVEN, ANSWERS, scores.every(TASK, GIVEN, ANSWERS), HOW)
    assert found and found["interval"] == 0.8
    edges, rows = np.array(found["bins"]["edges"]), np.array(found["bins"]["rows"])
    assert edges[0] == -edges[-1] and len(rows) == len(edges) - 1 and rows.sum() == 1000
    assert rows[edges[1:] <= 0].sum() == pytest.approx((edges[20] > ERRORS).sum())
    assert found["error_quantiles"]["0.5"] == pytest.approx(np.median(ERRORS))
    assert len(found["points"]) == POINTS == len({tuple(one) for one in found["points"]})
    assert all((low, high) == (said - 3, said + 3) for _, said, low, high in found["points"])
    assert {(said, repr(right)) for right, said, *_ in found["points"]} <= set(zip(SAID.tolist(), ANSWERS, strict=True))
    parts = found["parts"]
    assert [one["rows"] for one in parts] == [250] * 4 and parts[0]["part"].startswith("0 to 24.9")
    held = [one["metrics"]["interval_coverage"]["value"] for one in parts]
    inside = np.abs(ERRORS) <= 3
    assert held == pytest.approx([inside[i : i + 250].mean() for i in range(0, 1000, 250)], abs=0.005)
    assert held[0] > held[-1]


def test_answers_that_are_no_numbers_have_nothing_to_show() -> None:
    assert by_number(TASK, [Prediction("many")], ["1"], {}, Resampling(1, None, 0)) is None


def test_equal_answers_are_shown_too() -> None:
    given, answers = [Prediction("1.0", number=1.0)] * 40, ["1"] * 40
    plain = Regression(name="t", description="d", baselines=["median"])
    found = by_number(plain, given, answers, scores.every(plain, given, answers), Resampling(40, None, 0))
    assert found and [one["rows"] for one in found["parts"]] == [40]
    assert found["bins"]["rows"][20] == 40 and found["points"][0] == [1.0, 1.0, None, None]


def test_intervals_that_hold_less_than_promised_are_remarked() -> None:
    short, long, right = (wilson(held, 1000) for held in (700, 900, 795))
    assert promise(0.8, short) == (
        "asked for 80%, the intervals hold the right number in 70.0% [67.1, 72.8] of the rows, which is less: they are "
        "too narrow"
    )
    assert promise(0.8, long).endswith("which is more: they could be narrower")
    assert promise(0.8, right).endswith("of the rows")
    assert remarks("tuned", TASK, {"interval_coverage": short}) == [f"tuned: {promise(0.8, short)}"]
    for one in (long, right):
        assert remarks("tuned", TASK, {"interval_coverage": one}) == []
    assert remarks("tuned", TASK, {}) == []
