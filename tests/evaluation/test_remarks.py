"""Results that a person should look at before anything is shipped."""

import pytest

from shipworthy.evaluation.intervals import Interval, wilson
from shipworthy.evaluation.remarks import remarks
from shipworthy.models.protocol import Prediction


def said(right: int, n: int, frequent: int, **metrics: Interval) -> list[str]:
    """Of a model that answers all but n - right rows rightly, where `frequent` rows have one class."""
    answers = ["no"] * frequent + ["yes"] * (n - frequent)
    given = [Prediction(one if i < right else "other") for i, one in enumerate(answers)]
    return remarks("tuned", {"accuracy": wilson(right, n), **metrics}, given, answers)


def test_a_perfect_result_is_too_good() -> None:
    (sentence,) = said(2000, 2000, 1200)
    assert sentence.startswith("accuracy 100.0% (99.8% to 100.0%) of tuned is too good") and "importance" in sentence


@pytest.mark.parametrize(
    ("right", "n", "frequent"),
    [(30, 30, 15), (1900, 2000, 1000), (1996, 2000, 1990)],
    ids=["few", "good", "rare class"],
)
def test_an_honest_result_is_not(right: int, n: int, frequent: int) -> None:
    assert said(right, n, frequent) == []


def test_an_area_of_one_is_too_good_whatever_the_accuracy() -> None:
    (sentence,) = said(1996, 2000, 1990, auc=Interval(1.0, 0.999, 1.0))
    assert sentence.startswith("auc 100.0%")


def test_one_class_for_all_rows_is_said() -> None:
    found = remarks("tuned", {"accuracy": wilson(90, 100)}, [Prediction("no")] * 100, ["no"] * 90 + ["yes"] * 10)
    assert found == ["tuned answers 'no' to all 100 rows, whatever they say"]
