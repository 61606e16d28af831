"""Results that a person should look at before anything is shipped."""

import numpy as np
import pytest

from shipworthy.evaluation.classes import by_class, by_label
from shipworthy.evaluation.intervals import Interval, wilson
from shipworthy.evaluation.metrics._labels import both
from shipworthy.evaluation.remarks import remarks
from shipworthy.evaluation.resampling import Resampling
from shipworthy.evaluation.tasks.classification.schema import Classification
from shipworthy.evaluation.tasks.multi_label.schema import MultiLabel
from shipworthy.evaluation.tasks.regression.schema import Regression
from shipworthy.models.label_lists import written
from shipworthy.models.protocol import Prediction

CLASSES = Classification(name="t", description="d", baselines=["majority"])
MACRO = Classification(name="t", description="d", baselines=["majority"], metric="macro_f1")
LABELS = MultiLabel(name="t", description="d", baselines=["frequent"])


def of(given: list[str], answers: list[str], task: Classification = CLASSES, **metrics: Interval) -> list[str]:
    """Of these answers of a model."""
    said = [Prediction(one) for one in given]
    n = len(answers)
    metrics = {"accuracy": wilson(sum(a == b for a, b in zip(given, answers, strict=True)), n), **metrics}
    return remarks(task, "tuned", metrics, said, answers, by_class(said, answers), Resampling(n))


def of_labels(given: list[list[str]], answers: list[list[str]]) -> list[str]:
    """The same of several labels a row."""
    said, right = [Prediction(written(one)) for one in given], [written(one) for one in answers]
    found = by_label(said, *both(said, right))
    return remarks(LABELS, "tuned", {}, said, right, found, Resampling(len(right)))


def said(right: int, n: int, frequent: int, **metrics: Interval) -> list[str]:
    """Of a model that answers all but n - right rows rightly, where `frequent` rows have one class."""
    answers = ["no"] * frequent + ["yes"] * (n - frequent)
    return of([one if i < right else "other" for i, one in enumerate(answers)], answers, CLASSES, **metrics)


def test_a_perfect_result_is_too_good() -> None:
    (sentence,) = said(2000, 2000, 1200)
    assert sentence.startswith("accuracy 100.0% [99.8, 100.0] of tuned is too good") and "importance" in sentence


@pytest.mark.parametrize(
    ("right", "n", "frequent"),
    [(30, 30, 15), (1900, 2000, 1000), (1996, 2000, 1990)],
    ids=["few", "good", "rare class"],
)
def test_an_honest_result_is_not(right: int, n: int, frequent: int) -> None:
    assert said(right, n, frequent) == []


def test_an_area_of_one_is_too_good_whatever_the_accuracy() -> None:
    (sentence,) = said(1996, 2000, 1990, auc=Interval(1.0, 0.999, 1.0))
    assert sentence.startswith("AUC 100.0%")


def test_one_class_for_all_rows_is_said() -> None:
    found = of(["no"] * 100, ["no"] * 70 + ["yes"] * 30)
    assert found == ["tuned answers 'no' to all 100 rows, whatever they say"]


def test_classes_that_are_mostly_missed_are_named_the_worst_first() -> None:
    """An imbalanced table: 90% right, of the class that matters little is found."""
    answers = ["no"] * 900 + ["yes"] * 100
    given = ["no"] * 900 + ["yes" if i < 20 else "no" for i in range(100)]
    assert of(given, answers) == ["tuned finds 20.0% [13.3, 28.9] of the 100 rows of 'yes'"]
    answers = [f"class {i}" for i in range(8) for _ in range(40)]
    found = of([answer if i % 40 < int(answer[-1]) else "class 0" for i, answer in enumerate(answers)], answers)
    assert [one.rpartition(" ")[2] for one in found[:3]] == ["1'", "2'", "3'"]
    assert found[3] == "4 more are like that"


def test_classes_that_are_never_said_are_named_the_largest_first() -> None:
    answers = ["a"] * 100 + ["b"] * 100 + [name for i, name in enumerate("cdefg") for _ in range(10 + i)] + ["h"] * 4
    found = of(["a"] * (len(answers) - 1) + ["x"], answers)
    assert found[0] == "tuned never says 'b' (100 rows), 'g' (14 rows), 'f' (13 rows), nor 3 others"
    assert not any("'h'" in one for one in found)


def test_of_several_labels_those_that_are_never_said_or_missed_are_named() -> None:
    answers = [["fire", "flood"] if i % 2 else ["fire"] for i in range(200)]
    given = [["fire"] if i % 3 else [] for i in range(200)]
    assert of_labels(given, answers) == ["tuned never says 'flood' (100 rows)"]
    given = [["fire", "flood"] if i % 20 == 1 else ["fire"] for i in range(200)]
    assert of_labels(given, answers) == ["tuned finds 10.0% [5.5, 17.4] of the 100 rows of 'flood'"]


def test_rows_that_get_no_label_are_said() -> None:
    answers = [["fire"] if i % 4 else [] for i in range(200)]
    assert of_labels([[]] * 200, answers) == ["tuned gives no label to any of the 150 rows that have some"]
    found = of_labels([["fire"] if i % 4 == 1 else [] for i in range(200)], answers)
    assert found[0] == "tuned gives no label to 66.7% [58.8, 73.7] of the 150 rows that have some"
    assert of_labels([["fire"]] * 200, answers) == ["tuned answers '[\"fire\"]' to all 200 rows, whatever they say"]


def test_a_bootstrap_of_few_rows_is_said_and_wilsons_interval_is_left_alone() -> None:
    answers = ["a", "b"] * 40
    given = ["a" if i % 5 else one for i, one in enumerate(answers)]
    assert not any("docs/metrics.md" in one for one in of(given, answers))
    few = "the test split has 80 rows; below 100, intervals hold the truth less often than they say"
    assert of(given, answers, MACRO)[-1].startswith(few)
    numbers = Regression(name="t", description="d", baselines=["median"])
    ones = [Prediction("1", number=1.0)] * 300
    assert remarks(numbers, "tuned", {}, ones, ["1"] * 300, None, Resampling(300)) == []
    groups = Resampling(300, np.repeat(np.arange(30), 10))
    (sentence,) = remarks(numbers, "tuned", {}, ones, ["1"] * 300, None, groups)
    assert sentence.startswith("the test split has 30 groups of rows; below 100")


def test_a_class_of_few_rows_is_said_where_the_metric_leans_on_it() -> None:
    answers = ["a"] * 150 + ["b"] * 100 + ["c"] * 7
    given = [*answers[:-2], "a", "b"]
    assert of(given, answers) == []
    (sentence,) = of(given, answers, MACRO)
    assert sentence.startswith("macro F1 leans on 7 rows of 'c'; below 20 rows of a class, intervals hold the truth")
    by_size = Classification(name="t", description="d", baselines=["majority"], metric="weighted_f1")
    assert of(given, answers, by_size) == []
