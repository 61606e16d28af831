import numpy as np
import polars as pl
import pytest

from shipworthy.core.errors import UsageError
from shipworthy.evaluation import scores, slices
from shipworthy.evaluation.intervals import Interval
from shipworthy.evaluation.resampling import Resampling

DRAWS = np.random.default_rng(5)
ROWS = pl.DataFrame(
    {
        "id": [str(i) for i in range(400)],
        "sex": ["f" if i % 4 == 0 else None if i % 100 == 1 else "m" for i in range(400)],
        "age": [None if i == 7 else float(i % 80) for i in range(400)],
        "old": [i % 2 == 0 for i in range(400)],
        "text": [
            "Das ist ein deutscher Satz über das Wetter"
            if i % 3 == 0
            else "This is an English sentence about the weather of today"
            for i in range(400)
        ],
    }
)


def test_names_numbers_truth_values_lengths_and_languages() -> None:
    assert set(slices.parts(ROWS, "sex", [])) == {"f", "m", slices.EMPTY}
    assert set(slices.parts(ROWS, "old", [])) == {"True", "False"}
    ages = slices.parts(ROWS, "age", [])
    assert ages[7] == slices.EMPTY and len(set(ages)) == 5
    counts = [ages.count(one) for one in set(ages) - {slices.EMPTY}]
    assert min(counts) > 80 and ages[0].startswith("0 to ") and ages[79].endswith(" to 79")
    lengths = slices.parts(pl.DataFrame({"t": ["x" * n for n in range(1, 101)]}), "length", ["t"])
    assert [lengths[0], lengths[-1]] == ["1 to 25.75", "75.25 to 100"]
    languages = slices.parts(ROWS, "language", ["text"])
    assert languages[0] == "de" and languages[1] == "en"


def test_a_constant_number_is_one_part() -> None:
    assert set(slices.parts(pl.DataFrame({"x": [3.0, 3.0]}), "x", [])) == {"3 to 3"}
    assert set(slices.parts(pl.DataFrame({"x": pl.Series([None, None], dtype=pl.Float64)}), "x", [])) == {slices.EMPTY}


def test_what_is_no_column_is_refused() -> None:
    with pytest.raises(UsageError, match="task.slices names 'city', which the dataset has not: choose of sex, age"):
        slices.parts(ROWS, "city", [])
    with pytest.raises(UsageError, match="names 'length', and no column of the dataset holds text"):
        slices.parts(ROWS, "length", [])
    slices.check(["sex", "length", "language"], ["sex"])
    with pytest.raises(UsageError, match="names 'age', which the dataset has not: choose of sex, length, language"):
        slices.check(["age"], ["sex"])


def test_each_part_has_its_own_metrics_and_small_ones_are_measured_together() -> None:
    right = np.array([one != "f" or DRAWS.random() < 0.5 for one in ROWS["sex"]])
    part_of = slices.parts(ROWS, "sex", [])
    found = slices.measured("sex", part_of, {"accuracy": right}, Resampling(400))
    assert [(one["part"], one["rows"]) for one in found] == [("f", 100), ("m", 296), (slices.SMALL, 4)]
    for one in found[:2]:
        inside = np.array([part == one["part"] for part in part_of])
        assert (
            one["metrics"]["accuracy"] == scores.interval("accuracy", right[inside], Resampling(one["rows"])).to_json()
        )
    least = slices.worst(found, "accuracy")
    assert least and least["part"] == "f" and Interval(**least["metrics"]["accuracy"]).high < 0.7
    assert slices.worst(found[:1], "accuracy") is None


def test_of_a_metric_whose_less_is_better_the_worst_is_the_largest() -> None:
    errors = np.array([10.0 if one else 1.0 for one in ROWS["old"]])
    found = slices.measured("old", slices.parts(ROWS, "old", []), {"mae": errors}, Resampling(400))
    least = slices.worst(found, "mae")
    assert least and least["part"] == "True"


def test_rows_that_belong_together_stay_so_within_a_part() -> None:
    users = np.repeat(np.arange(40), 10)
    right = np.repeat(DRAWS.random(40) < 0.6, 10)
    part_of = ["a" if user % 2 else "b" for user in users]
    together = slices.measured("team", part_of, {"accuracy": right}, Resampling(400, users))
    apart = slices.measured("team", part_of, {"accuracy": right}, Resampling(400))

    def width(one: dict) -> float:
        return one["metrics"]["accuracy"]["high"] - one["metrics"]["accuracy"]["low"]

    assert width(together[0]) > 2 * width(apart[0])
