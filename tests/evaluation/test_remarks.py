"""Results that a person should look at before anything is shipped."""

import pytest

from shipworthy.evaluation.classes import by_class
from shipworthy.evaluation.intervals import Interval, wilson
from shipworthy.evaluation.remarks import remarks
from shipworthy.models.protocol import Prediction


def said(right: int, n: int, frequent: int, **metrics: Interval) -> list[str]:
    """Of a model that answers all but n - right rows rightly, where `frequent` rows have one class."""
    answers = ["no"] * frequent + ["yes"] * (n - frequent)
    given = [Prediction(one if i < right else "other") for i, one in enumerate(answers)]
    return remarks("tuned", {"accuracy": wilson(right, n), **metrics}, given, answers, by_class(given, answers))


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
    given, answers = [Prediction("no")] * 100, ["no"] * 70 + ["yes"] * 30
    found = remarks("tuned", {"accuracy": wilson(70, 100)}, given, answers, by_class(given, answers))
    assert found == ["tuned answers 'no' to all 100 rows, whatever they say"]


def test_classes_that_are_mostly_missed_are_named_the_worst_first() -> None:
    """An imbalanced table: 90% right, of the class that matters little is found."""
    answers = ["no"] * 900 + ["yes"] * 100
    given = [Prediction("no")] * 900 + [Prediction("yes" if i < 20 else "no") for i in range(100)]
    found = remarks("tuned", {"accuracy": wilson(920, 1000)}, given, answers, by_class(given, answers))
    assert found == ["tuned finds 20.0% (13.3% to 28.9%) of the 100 rows of 'yes'"]
    answers = [f"class {i}" for i in range(8) for _ in range(40)]
    given = [Prediction(answer if i % 40 < int(answer[-1]) else "class 0") for i, answer in enumerate(answers)]
    found = remarks("tuned", {"accuracy": wilson(60, 320)}, given, answers, by_class(given, answers))
    assert [one.rpartition(" ")[2] for one in found[:3]] == ["1'", "2'", "3'"]
    assert found[3] == "4 more classes are like that"
