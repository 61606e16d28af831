"""A family that fits itself is really fitted on samples."""

from dataclasses import replace

import polars as pl
import pytest

from shipworthy.architect.compute.schema import Machine
from shipworthy.architect.estimate.build import estimate
from shipworthy.architect.estimate.fitted import line
from shipworthy.architect.estimate.problem import Problem
from shipworthy.architect.rows import Expected
from shipworthy.core.errors import UsageError
from shipworthy.core.groups import ModelConfig
from shipworthy.evaluation.tasks.classification.schema import Classification
from shipworthy.evaluation.tasks.multi_label.schema import MultiLabel
from shipworthy.evaluation.tasks.regression.schema import Regression
from shipworthy.models.adapters.schema import NoAdapter
from shipworthy.models.tfidf.schema import Tfidf
from shipworthy.models.xgboost.schema import XGBoost
from shipworthy.train.optimizers.schema import NoOptimizer
from shipworthy.train.schema import ClassicalTrainer


@pytest.mark.parametrize(
    ("measured", "rows", "seconds"),
    [
        ((1000, 1.0, 4000, 4.0), 10_000, 10.0),
        ((1000, 3.0, 4000, 4.0), 34_000, 14.0),
        ((1000, 2.0, 4000, 1.0), 34_000, 1.0),  # noise: not below what was measured
        ((500, 1.0, 500, 1.0), 400, 1.0),
    ],
)
def test_the_line_through_two_fits(measured: tuple[int, float, int, float], rows: int, seconds: float) -> None:
    assert line(*measured, rows) == pytest.approx(seconds)


def problem_of(model: ModelConfig) -> Problem:
    """500 rows of a number and a name."""
    sample = pl.DataFrame(
        {
            "id": [str(i) for i in range(500)],
            "cluster": [str(i) for i in range(500)],
            "age": [i % 70 for i in range(500)],
            "job": [("clerk", "cook", "driver")[i % 3] for i in range(500)],
            "answer": [("no", "yes")[i % 70 > 30] for i in range(500)],
        }
    )
    return Problem(
        task=Classification(name="t", description="d", baselines=["majority"]),
        model=model,
        adapter=NoAdapter(),
        trainer=ClassicalTrainer(),
        optimizer=NoOptimizer(),
        sample=sample,
        features=["age", "job"],
        expected=Expected(source=600, clean=500, train=400, validation=50, test=50),
        machine=Machine(cores=1, memory_gb=4),
        seed=3,
    )


def test_a_fit_is_timed_and_its_parts_add_up() -> None:
    found = estimate(problem_of(XGBoost(rounds=5, threads=1)))
    assert found.steps is None and found.tokens == {}
    assert 0 < found.training_s.low <= found.training_s.value < found.training_s.high
    assert found.peak_mb.value == pytest.approx(sum(part.value for part in found.memory_mb.values()))
    assert "1 columns of numbers and 1 of names, with 2 classes" in found.why


def test_of_a_regression_a_number_is_told() -> None:
    classes = problem_of(XGBoost(objective="squared_error", rounds=5, threads=1))
    sample = classes.sample.with_columns(answer=pl.Series([f"{i}.5" for i in range(500)]))
    problem = replace(classes, task=Regression(name="t", description="d", baselines=["median"]), sample=sample)
    found = estimate(problem)
    assert "1 columns of numbers and 1 of names, with a number to predict for each: xgboost" in found.why
    with pytest.raises(UsageError, match="nothing to learn"):
        estimate(replace(problem, sample=sample.with_columns(answer=pl.lit("5")), expected=Expected(9, 9, 3, 3, 3)))


def test_of_several_labels_each_is_told() -> None:
    classes = problem_of(Tfidf(template="{age} {job}", objective="labels"))
    sample = classes.sample.with_columns(answer=pl.Series([("[]", '["a"]', '["a", "b"]')[i % 3] for i in range(500)]))
    several = MultiLabel(name="t", description="d", baselines=["frequent"])
    found = estimate(replace(classes, task=several, sample=sample))
    assert found.why.startswith("The rows are texts, with several labels to predict for each: tfidf fits them")


def test_texts_are_no_table() -> None:
    found = estimate(problem_of(Tfidf(template="{age} {job}")))
    assert found.why.startswith("The rows are texts, with 2 classes to predict: tfidf fits them")


def with_answers(answers: list[str], model: ModelConfig, expected: int = 500) -> Problem:
    made = problem_of(model)
    sample = made.sample.with_columns(pl.Series("answer", answers))
    return replace(made, sample=sample, expected=replace(made.expected, clean=expected))


@pytest.mark.parametrize(
    "answers",
    [
        [*(f"rare {i}" for i in range(40)), *["a"] * 230, *["b"] * 230],
        ["no"] * 499 + ["fraud"],
        [f"class {i % 250}" for i in range(500)],
    ],
    ids=["classes of one row", "one row of one class", "two rows of each class"],
)
def test_rare_classes_are_timed(answers: list[str]) -> None:
    found = estimate(with_answers(answers, XGBoost(rounds=2, threads=1)))
    assert found.training_s.value > 0


def test_a_sample_of_one_class_is_timed_unless_it_is_the_whole_file() -> None:
    assert estimate(with_answers(["no"] * 500, XGBoost(rounds=2, threads=1), 100_000)).training_s.value > 0
    with pytest.raises(UsageError, match="Every row has the class 'no'"):
        estimate(with_answers(["no"] * 500, XGBoost(rounds=2, threads=1)))
