"""Planted leaks are named; on tables that are known to be sound none is."""

import time
from collections.abc import Callable
from typing import Any

import numpy as np
import polars as pl
import pytest
from sklearn import datasets
from sklearn.metrics import roc_auc_score

from shipworthy.core.errors import UsageError
from shipworthy.data.gates import leak
from shipworthy.data.gates.auc import interval_of
from shipworthy.data.gates.interface import GateResult
from shipworthy.data.gates.model_settings import Leak
from shipworthy.data.gates.one_column import Labelled, area_of_counts, coded, told
from tests.data.gates.inputs import gate_input, on_disk, rows

N = 4000
DRAWS = np.random.default_rng(11)
LATE = DRAWS.random(N) < 0.22
DELAY = np.where(LATE, DRAWS.gamma(2, 20, N) + 15.5, DRAWS.normal(-2, 6, N).clip(max=15)).round(0)
FLIPPED = DRAWS.random(N) < 0.01
BASE = pl.DataFrame(
    {
        "distance": DRAWS.integers(90, 2500, N),
        "carrier": DRAWS.choice(["AA", "DL", "UA"], N),
        "departure": DRAWS.integers(300, 1400, N),
        "hint": np.where(LATE, 0.8, 0.0) + DRAWS.normal(0, 1, N),
    }
)
ANSWER = np.where(LATE, "late", "on time")


def checked(features: pl.DataFrame, answers: Any, config: Leak | None = None) -> GateResult:
    known = {"id": [f"r{i:06}" for i in range(features.height)], "split": ["train"] * features.height}
    rows = features.with_columns(**{name: pl.Series(one) for name, one in known.items()}).with_columns(
        cluster=pl.col("id"), answer=pl.Series(np.asarray(answers).astype(str))
    )
    types = dict(features.schema)
    return leak.check(config or Leak(), on_disk(rows, types, 20_000))


def checked_numbers(features: pl.DataFrame, answers: Any) -> GateResult:
    known = {"id": [f"r{i:06}" for i in range(features.height)], "split": ["train"] * features.height}
    rows = features.with_columns(**{name: pl.Series(one) for name, one in known.items()}).with_columns(
        cluster=pl.col("id"), answer=pl.Series([repr(float(one)) for one in answers])
    )
    return leak.check(Leak(), on_disk(rows, dict(features.schema), 20_000, numbers=True))


PRICE = DRAWS.lognormal(3, 1, N)


@pytest.mark.parametrize(
    "column",
    [PRICE, -2 * PRICE + 7, np.log(PRICE), PRICE * DRAWS.normal(1, 0.001, N), np.floor(PRICE)],
    ids=["a copy", "another unit", "its logarithm", "with noise", "rounded"],
)
def test_what_rises_or_falls_with_a_number_is_a_leak(column: Any) -> None:
    found = checked_numbers(BASE.with_columns(x=pl.Series(column)), PRICE)
    assert found.columns == ["x"] and "x alone predicts the answer with an AUC of" in found.violations[0]


def test_what_tells_a_number_in_part_is_none() -> None:
    x, quarter = PRICE * DRAWS.lognormal(0, 0.3, N), np.searchsorted(np.quantile(PRICE, [0.25, 0.5, 0.75]), PRICE)
    found = checked_numbers(BASE.with_columns(x=pl.Series(x), band=pl.Series(quarter // 2)), PRICE)
    assert found.violations == [] and found.measurements[0].name == "AUC of x alone"
    assert checked_numbers(BASE, np.zeros(N)).warnings == [
        "the answers are 1 classes of too few rows each to look for leaks"
    ]


def by_class(low: int) -> list[int]:
    """Numbers from `low` that were given to one class after the other."""
    order = np.argsort(ANSWER, kind="stable")
    numbers = np.empty(N, dtype=int)
    numbers[order] = np.arange(N) + low
    return numbers.tolist()


@pytest.mark.parametrize(
    "column",
    [
        pl.Series("x", ANSWER),
        pl.Series("x", LATE.astype(int)),
        pl.Series("x", np.where(LATE, 7.5, -1.0)),
        pl.Series("x", DELAY),
        pl.Series("x", by_class(1)),
        pl.Series("x", [f"F{number:06}" for number in by_class(1)]),
        pl.Series("x", ["known" if one else None for one in LATE]),
        pl.Series("x", np.where(FLIPPED, ~LATE, LATE).astype(int)),
        pl.Series("x", np.where(LATE, DRAWS.choice(["b", "d"], N), DRAWS.choice(["a", "c", "e"], N))),
    ],
    ids=["copy", "code", "number", "delay", "id by class", "text id by class", "gap", "99% copy", "five codes"],
)
def test_a_planted_leak_is_named_and_nothing_else(column: pl.Series) -> None:
    found = checked(BASE.with_columns(x=column), ANSWER)
    assert len(found.violations) == 1 and found.violations[0].startswith("x alone predicts the answer with an AUC of ")
    assert "data.ignore" in found.violations[0] and "known_in_advance" in found.violations[0]
    assert found.warnings == [] and found.columns == ["x"]
    assert found.measurements[0].name == "AUC of x alone"


def test_a_column_known_in_advance_is_left_alone() -> None:
    rows = BASE.with_columns(x=pl.Series(DELAY))
    assert checked(rows, ANSWER, Leak(known_in_advance=["x"])).violations == []
    with pytest.raises(UsageError, match="known_in_advance names y, which is no feature"):
        checked(rows, ANSWER, Leak(known_in_advance=["y"]))


def test_two_times_that_make_the_delay_together() -> None:
    planned = DRAWS.integers(300, 1400, N)
    found = checked(BASE.with_columns(planned=pl.Series(planned), arrived=pl.Series(planned + DELAY)), ANSWER)
    assert [one for one in found.violations if {"planned", "arrived"} <= set(one.split())], found.violations
    assert set(found.columns) <= {"planned", "arrived"} and found.columns


def test_a_copy_of_three_classes_and_of_few_rows() -> None:
    kind = DRAWS.choice(["a", "b", "c"], 150)
    rows = pl.DataFrame({"x": pl.Series(kind).replace_strict({"a": 3, "b": 1, "c": 2}), "y": DRAWS.random(150)})
    (violation,) = checked(rows, kind).violations
    assert violation.startswith("x alone")


@pytest.mark.parametrize(
    "load", [datasets.load_breast_cancer, datasets.load_iris, datasets.load_wine, datasets.load_digits]
)
def test_sound_tables_have_no_leak(load: Callable[[], Any]) -> None:
    """Their strongest features are strong, and known in advance; the rows of iris and wine stand class by class."""
    found = load()
    columns = [str(name) for name in getattr(found, "feature_names", range(found.data.shape[1]))]
    result = checked(pl.DataFrame(dict(zip(columns, found.data.T, strict=True))), found.target)
    assert result.violations == [] and result.warnings == []


def test_a_random_id_and_many_names_say_nothing() -> None:
    rows = BASE.with_columns(
        number=pl.Series(DRAWS.permutation(N)),
        key=pl.Series([f"{one:08x}" for one in DRAWS.integers(0, 2**32, N)]),
        town=pl.Series([f"town {one}" for one in DRAWS.integers(0, 1500, N)]),
    )
    result = checked(rows, ANSWER)
    assert result.violations == [] and result.warnings == []
    areas = {one.name.split()[2]: one.value for one in result.measurements}
    assert max(areas[name] for name in ("number", "key", "town")) < 0.55


def test_a_rare_class_is_looked_for_beyond_the_bins() -> None:
    rare = np.arange(N) % 130 == 0
    amount = np.where(rare, 5000 + DRAWS.random(N), DRAWS.random(N) * 4999)
    result = checked(BASE.with_columns(x=pl.Series(amount)), np.where(rare, "fraud", "no"), Leak(warn_auc=0.85))
    assert result.violations == [] and result.warnings[0].startswith("x alone")  # 31 rows prove no leak


def test_the_limit_can_be_set() -> None:
    strict = checked(BASE, ANSWER, Leak(max_auc=0.6))
    assert len(strict.violations) >= 1 and strict.violations[0].startswith("hint alone")
    assert checked(BASE.with_columns(x=pl.Series(DELAY)), ANSWER, Leak(max_auc=1)).violations == []


def test_classes_of_single_rows_are_said_not_to_be_measured() -> None:
    result = checked(BASE, [f"c{i}" for i in range(N)])
    assert result.violations == [] and "4000 classes of too few rows" in result.warnings[0]


def test_areas_are_those_of_scikit_learn() -> None:
    yes, scores = DRAWS.random(500) < 0.3, DRAWS.integers(0, 20, 500)
    groups = np.arange(20)
    counts = [np.bincount(scores[chosen], minlength=20) for chosen in (yes, ~yes)]
    assert area_of_counts(groups, *counts) == pytest.approx(roc_auc_score(yes, scores))


def test_few_rows_without_a_fault_prove_little() -> None:
    assert interval_of(1.0, 50, 100).low == pytest.approx(50 / (50 + 1.96**2), abs=1e-3)
    assert interval_of(1.0, 5000, 10_000).low > 0.999


def test_codes_are_values_or_bins_and_missing_has_its_own() -> None:
    assert coded(pl.Series(["b", None, "a"])).tolist() == [2, 0, 1]
    many = coded(pl.Series([None, *map(float, range(1000))]))
    assert many[0] == 0 and len(set(many)) == 65 and np.bincount(many)[1:].min() >= 15


def test_four_hundred_columns_take_seconds() -> None:
    draws = np.random.default_rng(0)
    numbers = {f"n{i}": draws.normal(size=20_000) for i in range(340)}
    names = {f"s{i}": draws.integers(0, 50 * (i + 1), 20_000).astype(str) for i in range(60)}
    rows = pl.DataFrame(numbers | names)
    started = time.process_time()
    result = checked(rows, draws.choice(["a", "b"], 20_000))
    assert result.violations == [] and len(result.measurements) == 415
    assert time.process_time() - started < 60


def test_the_worst_told_class_counts() -> None:
    classes = np.repeat(["a", "b", "c"], 500)
    column = pl.Series(np.where(classes == "a", 0, DRAWS.integers(1, 3, 1500)))
    labelled = Labelled(pl.Series(classes), np.arange(1500) % 5)
    assert told(column, labelled).value < 0.8


@pytest.mark.parametrize(
    "column",
    [
        pl.when(answer="yes").then(pl.col("age") + 100).otherwise("age"),
        pl.when(answer="yes").then(pl.lit("approved")).otherwise(pl.lit("refused")),
        pl.when(answer="yes").then(None).otherwise(pl.lit("code 7")),
    ],
)
def test_a_feature_of_a_sound_table_that_is_the_answer(column: pl.Expr) -> None:
    assert leak.check(Leak(), gate_input(rows())).violations == []
    found = leak.check(Leak(), gate_input(rows().with_columns(outcome=column)))
    assert len(found.violations) == 1 and found.violations[0].startswith("outcome alone predicts the answer")


KIND = DRAWS.choice(["a", "b", "c"], N)
CODE = pl.Series(KIND).replace_strict({"a": 0, "b": 1, "c": 2}).to_numpy()
KEY, PAID = DRAWS.integers(0, 3, N), DRAWS.normal(0, 10, N)
MORE = pl.DataFrame({f"n{i}": DRAWS.normal(0, 1, N) + 0.05 * i * (i % 3 == CODE) for i in range(12)})


@pytest.mark.parametrize(
    "pair",
    [
        {"left": KEY, "right": (CODE - KEY) % 3},
        {"left": np.array(["x", "y", "z"])[KEY], "right": (CODE - KEY) % 3},
        {"left": PAID, "right": CODE - PAID},
        {"left": PAID, "right": PAID * 1.0 + CODE},
    ],
    ids=["numbers modulo three", "a name and a number", "sum", "difference"],
)
def test_two_columns_that_tell_nothing_alone_are_found_among_all_pairs(pair: dict[str, Any]) -> None:
    found = checked(MORE.with_columns(**{name: pl.Series(values) for name, values in pair.items()}), KIND)
    (violation,) = found.violations
    assert violation.startswith(("left and right together", "right and left together")) and found.warnings == []
    assert checked(MORE, KIND).violations == [] and checked(MORE, KIND).warnings == []


def test_no_pairs_are_looked_at_where_none_are_asked_for() -> None:
    rows = MORE.with_columns(left=pl.Series(KEY), right=pl.Series((CODE - KEY) % 3))
    assert checked(rows, KIND, Leak(strongest=0)).violations == []


def test_a_column_that_is_filled_for_one_class_of_several() -> None:
    (violation,) = checked(MORE.with_columns(x=pl.Series(PAID).set(pl.Series(KIND != "b"), None)), KIND).violations
    assert violation.startswith("x is filled, or missing, where the answer is b, which predicts it with an AUC of 1.00")
    gaps = MORE.with_columns(x=pl.Series(PAID).set(pl.Series(DRAWS.random(N) < 0.4), None))
    assert checked(gaps, KIND).violations == []


def test_the_name_of_the_class_inside_a_text() -> None:
    said = [f"the {word} parcel {number}, closed as {kind} " for word, number, kind in zip(
        DRAWS.choice(["red", "blue"], N), DRAWS.integers(0, 10**6, N), KIND, strict=True)]  # fmt: skip
    (violation,) = checked(MORE.with_columns(x=pl.Series(said)), KIND).violations
    assert violation.startswith("x holds words that predict the answer with an AUC of 1.000")
    innocent = [text.replace(f"as {kind} ", "") for text, kind in zip(said, KIND, strict=True)]
    assert checked(MORE.with_columns(x=pl.Series(innocent)), KIND).violations == []


def test_names_of_classes_that_differ_in_signs_alone_inside_a_text() -> None:
    names = np.array(["<=50K", ">50K", "=50K?"])[CODE]
    said = [
        f"parcel {number} paid ({name})." if number % 2 else f"paid {name}, parcel {number}"
        for number, name in zip(DRAWS.integers(0, 10**6, N), names, strict=True)
    ]
    (violation,) = checked(MORE.with_columns(x=pl.Series(said)), names).violations
    assert violation.startswith("x holds words that predict the answer with an AUC of 1.000")


def test_the_smallest_class_of_a_step_is_told_apart() -> None:
    """One row in 200 at the end of the numbers shares a bin of equal shares with others."""
    rare = np.where(np.arange(N) % 200 == 0, 3, CODE)
    found = checked(MORE.with_columns(x=pl.Series(rare * 10 + DRAWS.random(N) * 3)), rare)
    assert [*found.violations, *found.warnings][0].startswith("x alone")
