"""Rows, fits, money and the page, against numbers worked out by hand."""

import json
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest

from shipworthy.architect import document
from shipworthy.architect.compute.schema import Machine
from shipworthy.architect.estimate.build import busy
from shipworthy.architect.estimate.estimate import Bounds, Estimate, total
from shipworthy.architect.estimate.memory import BaselineMemory
from shipworthy.architect.estimate.problem import Problem
from shipworthy.architect.fits import fits, money
from shipworthy.architect.rows import Expected, expected, visible
from shipworthy.core.errors import UsageError
from shipworthy.evaluation.tasks.regression.schema import Regression
from shipworthy.evaluation.tasks.schema import Criteria, Task
from shipworthy.evaluation.tasks.text_to_text.schema import TextToText

MACHINE = Machine(name="box", cores=2, memory_gb=8, price_per_hour=0.5, budget_hours=1, budget_money=0.4)
ESTIMATE = Estimate(
    family="causal_lm",
    why="Because.",
    steps=100,
    parameters=1000,
    trainable_parameters=10,
    tokens={"mean per row": 50.0},
    memory_mb={"weights": Bounds.exactly(500), "activations": Bounds.between(1000, 3000)},
    peak_mb=Bounds(2500, 1500, 3500),
    training_s=Bounds(1500, 1200, 2000),
    validation_s=Bounds(300, 100, 600),
    measured={"what": "2 steps", "seconds_per_step": 15.0, "busy": "it was busy"},
    give_up=["when the loss is not finite"],
)


@pytest.mark.parametrize(
    ("arguments", "found"),
    [
        ((1000, 900, 100, 50, None), (750, 50, 100)),
        ((1000, 900, 0.2, 0.1, None), (630, 90, 180)),
        ((1000, 900, 100, 50, 200), (200, 50, 100)),
    ],
)
def test_expected_rows(arguments: tuple[int, int, float, float, int | None], found: tuple[int, int, int]) -> None:
    rows = expected(*arguments)
    assert (rows.train, rows.validation, rows.test) == found


def test_a_split_that_leaves_no_train_is_refused() -> None:
    with pytest.raises(UsageError, match=r"data\.split\.test=1200 .* leave none of 214 rows"):
        expected(220, 214, 1200, 400, None)


def test_fewer_rows_show_less_and_very_few_show_nothing() -> None:
    large, small = visible(2000, 0.01), visible(200, 0.01)
    assert all(large[psi] < small[psi] for psi in large)  # type: ignore[operator]
    assert set(visible(5, 0.01).values()) == {None}


def test_a_busy_machine_is_named() -> None:
    assert busy(0.4, 2) == ""
    assert "load 3.2 on 2 cores" in busy(3.2, 2)


def test_bounds() -> None:
    assert total([Bounds(1, 0, 3), Bounds.exactly(2)]) == Bounds(3, 2, 5)
    assert Bounds.between(2, 4).scaled(10) == Bounds(30, 20, 40)


def test_a_baseline_that_does_not_fit_the_machine_is_named_with_what_to_change() -> None:
    large = BaselineMemory("logistic", {"features": Bounds(7000, 4000, 9000)})
    small = BaselineMemory("majority", {"answers": Bounds(10, 5, 20)})
    verdict = fits(ESTIMATE, replace(MACHINE, memory_gb=8.5, budget_hours=9, budget_money=9), [small, large])
    assert verdict.reasons == [
        "the peak memory of baseline 'logistic' may be above what box has: drop it from task.baselines, or lower "
        "data.split.train_rows or data.sample"
    ]


def test_money() -> None:
    assert money(MACHINE, 1800) == 0.25


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({}, []),
        ({"memory_gb": 3.4}, ["peak memory"]),  # the upper bound counts
        ({"budget_hours": 0.49}, ["budget_hours"]),
        ({"budget_money": 0.24}, ["budget_money"]),
        ({"gpus": 1, "gpu_name": "G", "gpu_memory_gb": 3.0, "gpu_tflops": 1.0}, ["what G has"]),
        ({"memory_gb": 1, "budget_hours": 0, "budget_money": 0}, ["peak memory", "budget_hours", "budget_money"]),
    ],
)
def test_fits(change: dict[str, float], words: list[str]) -> None:
    found = fits(ESTIMATE, replace(MACHINE, **change))  # type: ignore[arg-type]
    assert found.fits == (not words)
    assert len(found.reasons) == len(words)
    assert all(word in reason for word, reason in zip(words, found.reasons, strict=True))


@pytest.mark.parametrize(
    ("task", "bar", "shown"),
    [
        (
            TextToText(name="t", description="d", baselines=["nearest"], prompt="{x}"),
            "exact match at least 2 points above the best of: nearest; paired test, p < 0.01",
            "| 25% | 16.8 points | 7,296: too many |",
        ),
        (
            TextToText(name="t", description="d", baselines=["nearest"], prompt="{x}", criteria=Criteria(judge="also")),
            "exact match at least 2 points above the best of: nearest; paired test, p < 0.01\n- a language model as "
            "judge finds it better than the best of them; paired test, p < 0.01 (task.criteria.judge=also)",
            "| 25% | 16.8 points |",
        ),
        (
            TextToText(
                name="t", description="d", baselines=["nearest"], prompt="{x}", criteria=Criteria(judge="alone")
            ),
            "a language model as judge finds it better than the best of nearest; paired test, p < 0.01 "
            "(task.criteria.judge=alone): exact match chooses that one on validation, is reported, and does not decide",
            "| 25% | 16.8 points |",
        ),
        (
            Regression(name="t", description="d", baselines=["median", "ridge"]),
            "mean absolute error at least 2% of it below the best of: median, ridge; paired test, p < 0.01",
            "Against whoever always answers 9.5: the smallest gain that is shown is ",
        ),
        (
            Regression(name="t", description="d", baselines=["median"], metric="interval_score", interval=0.9),
            "interval score at least 2% of it below the best of: median; paired test, p < 0.01",
            "Against whoever always answers 9.5: the smallest gain that is shown is ",
        ),
    ],
)
def test_the_bar_is_said_in_the_metrics_unit_and_direction(task: Task, bar: str, shown: str) -> None:
    problem = Problem(
        task=task,
        model=None,  # type: ignore[arg-type]
        adapter=None,
        trainer=None,
        optimizer=None,
        sample=pl.DataFrame({"answer": [str(number) for number in range(20)]}),
        features=[],
        expected=Expected(1000, 900, 750, 50, 100),
        machine=MACHINE,
        seed=1,
    )
    page = document.render(document.plan(problem, ESTIMATE, fits(ESTIMATE, MACHINE)))
    assert f"- {bar}\n- made smaller, it loses less than" in page
    assert shown in page


def test_what_later_stages_depend_on_holds_no_measured_number(tmp_path: Path) -> None:
    problem = Problem(
        task=TextToText(name="t", description="Names it.", baselines=["nearest", "rule"], prompt="{x}"),
        model=None,  # type: ignore[arg-type]
        adapter=None,
        trainer=None,
        optimizer=None,
        sample=None,  # type: ignore[arg-type]
        features=[],
        expected=Expected(1000, 900, 750, 50, 100),
        machine=replace(MACHINE, budget_hours=0.1),
        seed=1,
    )
    slower = replace(ESTIMATE, training_s=Bounds(1700, 1300, 2100), peak_mb=Bounds(2600, 1600, 3600))
    written = []
    for name, estimate in (("one", ESTIMATE), ("two", slower)):
        (tmp_path / name).mkdir()
        document.write(tmp_path / name, problem, estimate, fits(estimate, problem.machine))
        written.append({file: (tmp_path / name / file).read_text() for file in ("criteria.json", "fits.json")})
    assert written[0] == written[1]
    criteria = json.loads(written[0]["criteria.json"])
    assert criteria["baselines"] == ["nearest", "rule"] and criteria["margin"] == 0.02 and criteria["judge"] == "none"
    page = (tmp_path / "one" / "plan.md").read_text()
    assert "**It does not fit.**" in page and "compute.budget_hours=0.1" in page
    assert "| **peak** | **2.5 GB (1.5 GB to 3.5 GB)**, of 8.0 GB |" in page
    assert "| training | 25 min (20 min to 33 min) |" in page
    assert "seconds per step 15.0. Mind that it was busy." in page
    assert "| money, of 0.4 USD | 0.25 |" in page
    assert "the best of: nearest, rule; paired test, p < 0.01" in page
    assert json.loads((tmp_path / "one" / "plan.json").read_text())["cost"] == {
        "money": 0.25,
        "hours": 0.5,
        "currency": "USD",
    }


def test_a_plan_of_too_few_validation_rows_for_intervals_is_refused() -> None:
    problem = Problem(
        task=Regression(name="t", description="d", baselines=["median"], interval=0.99),
        model=None,  # type: ignore[arg-type]
        adapter=None,
        trainer=None,
        optimizer=None,
        sample=pl.DataFrame({"answer": [str(number) for number in range(20)]}),
        features=[],
        expected=Expected(1000, 900, 750, 50, 100),
        machine=MACHINE,
        seed=1,
    )
    with pytest.raises(UsageError, match="task.interval=0.99 takes 99 validation rows or more, and there are 50"):
        document.plan(problem, ESTIMATE, fits(ESTIMATE, MACHINE))
