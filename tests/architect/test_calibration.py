"""Past runs move the next plan towards the truth; an outlier, or another machine's runs, don't."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from shipworthy.architect import document
from shipworthy.architect.calibration import LEAST, MOST, calibrate, ratio
from shipworthy.architect.compute.schema import Machine
from shipworthy.architect.estimate.estimate import Bounds, Estimate
from shipworthy.architect.estimate.problem import Problem
from shipworthy.architect.fits import fits
from shipworthy.architect.rows import Expected
from shipworthy.core.calibration import append, kind_of_machine
from shipworthy.core.files import read_json
from shipworthy.core.identity import environment
from shipworthy.evaluation.tasks.text_to_text.schema import TextToText

MACHINE = Machine(name="box", cores=2, memory_gb=8)
HERE = kind_of_machine(environment()["processor"], 2)
ESTIMATE = Estimate(
    family="causal_lm",
    why="Because.",
    steps=100,
    parameters=1000,
    trainable_parameters=10,
    tokens={},
    memory_mb={"weights": Bounds.exactly(500)},
    peak_mb=Bounds(1000, 900, 1500),
    training_s=Bounds(1000, 750, 1500),
    validation_s=Bounds(100, 50, 200),
)


def past(root: Path, ratios: list[float], machine: str = HERE, family: str = "causal_lm", name: str = "r") -> Path:
    for i, one in enumerate(ratios):
        told = {key: {"value": 300.0, "low": 200.0, "high": 400.0} for key in ("seconds", "memory_mb")}
        measured = {"seconds": 300.0 * one, "memory_mb": 303.0}
        append(
            root,
            {"run_id": f"{name}{i}", "machine": machine, "family": family, "estimated": told, "measured": measured},
        )
    return root


def noisy(n: int, true: float, seed: int, spread: float = 0.08) -> list[float]:
    return [float(r) for r in true * np.exp(np.random.default_rng(seed).normal(0, spread, n))]


def test_nothing_noted_changes_nothing(tmp_path: Path) -> None:
    assert calibrate(ESTIMATE, MACHINE, tmp_path) is ESTIMATE


@pytest.mark.parametrize("n", [1, LEAST - 1])
def test_few_runs_only_widen_the_bounds(tmp_path: Path, n: int) -> None:
    found = calibrate(ESTIMATE, MACHINE, past(tmp_path, [1.8] * n))
    assert found.training_s == Bounds(1000, 750, 1800)
    assert found.peak_mb == ESTIMATE.peak_mb  # 1.01 lies within the bounds that there were


def test_the_next_plan_covers_a_truth_that_the_first_one_missed_by_half(tmp_path: Path) -> None:
    """Over 200 histories of 5 runs: the bounds hold the next run's time in about 95 of 100, and are near it."""
    covered, width = 0, []
    for seed in range(200):
        drawn = noisy(6, true=1.5, seed=seed)
        found = calibrate(ESTIMATE, MACHINE, past(tmp_path / str(seed), drawn[:5])).training_s
        covered += found.low <= 1000 * drawn[5] <= found.high
        width.append(found.high / found.low)
        assert 1250 < found.value < 1800
    assert covered >= 176
    assert 1.2 < float(np.median(width)) < 2.2


def test_it_narrows_where_runs_agree_and_never_to_nothing(tmp_path: Path) -> None:
    found = calibrate(ESTIMATE, MACHINE, past(tmp_path, [1.1] * 8))
    assert found.training_s.value == pytest.approx(1100)
    assert 750 < found.training_s.low < 1045 and 1155 < found.training_s.high < 1500


def test_an_outlier_does_not_wreck_it(tmp_path: Path) -> None:
    clean = calibrate(ESTIMATE, MACHINE, past(tmp_path / "a", noisy(7, 1.5, 1))).training_s
    wrecked = calibrate(ESTIMATE, MACHINE, past(tmp_path / "b", [*noisy(7, 1.5, 1), 40.0])).training_s
    assert wrecked.value == pytest.approx(clean.value, rel=0.1)
    assert wrecked.high < 1.5 * clean.high


def test_runs_of_another_machine_or_family_do_not_touch_it(tmp_path: Path) -> None:
    file = past(tmp_path, [3.0] * 5, machine=kind_of_machine("Other CPU", 2), name="a")
    past(tmp_path, [3.0] * 5, machine=kind_of_machine(environment()["processor"], 64), name="b")
    past(tmp_path, [3.0] * 5, machine=kind_of_machine("", 2, 1, "NVIDIA A10G"), name="c")
    past(tmp_path, [3.0] * 5, family="xgboost", name="d")
    assert calibrate(ESTIMATE, MACHINE, file) is ESTIMATE
    gpu = Machine(cores=8, gpus=1, gpu_name="NVIDIA A10G", gpu_memory_gb=24, gpu_tflops=70)
    assert calibrate(ESTIMATE, gpu, file).training_s.value == pytest.approx(3000)


def test_only_the_newest_runs_count(tmp_path: Path) -> None:
    past(tmp_path, [9.0] * 30, name="old")
    found = calibrate(ESTIMATE, MACHINE, past(tmp_path, [1.2] * MOST, name="new"))
    assert found.training_s.value == pytest.approx(1200)
    assert len(found.calibration["runs"]) == MOST and found.calibration["runs"][0] == "new0"


def test_half_and_double_are_equally_far() -> None:
    one, other = ratio([0.5, 0.5, 1.0, 2.0, 2.0]), ratio([0.5, 1.0, 1.0, 1.0, 2.0])
    assert one is not None and other is not None
    assert one.value == other.value == 1.0
    assert one.low == pytest.approx(1 / one.high)
    assert ratio([]) is None


def page(folder: Path, estimate: Estimate) -> tuple[str, dict[str, Any]]:
    problem = Problem(
        task=TextToText(name="t", description="d", baselines=["nearest"], prompt="{x}"),
        model=None,  # type: ignore[arg-type]
        adapter=None,
        trainer=None,
        optimizer=None,
        sample=None,  # type: ignore[arg-type]
        features=[],
        expected=Expected(1000, 900, 750, 50, 100),
        machine=MACHINE,
        seed=1,
    )
    folder.mkdir()
    document.write(folder, problem, estimate, fits(estimate, MACHINE))
    return (folder / "plan.md").read_text(), read_json(folder / "plan.json")


def test_the_plan_says_what_it_was_calibrated_by(tmp_path: Path) -> None:
    text, plan = page(tmp_path / "p", calibrate(ESTIMATE, MACHINE, past(tmp_path, [1.5] * 4)))
    assert "Calibrated by 4 past runs of this family on this kind of machine" in text
    assert "training time ×1.50 (1.26 to 1.79), peak memory ×1.01" in text
    assert plan["calibration"]["runs"] == ["r0", "r1", "r2", "r3"]
    assert plan["calibration"]["estimated"]["seconds"] == {"value": 1000, "low": 750, "high": 1500}
    assert plan["seconds"]["value"] == pytest.approx(1500)
    few, _ = page(tmp_path / "q", calibrate(ESTIMATE, MACHINE, past(tmp_path / "few", [1.5] * 2)))
    assert "2 past runs of this family" in few and "widened the bounds" in few
    none, plan = page(tmp_path / "n", ESTIMATE)
    assert "past run" not in none and plan["calibration"] == {}
