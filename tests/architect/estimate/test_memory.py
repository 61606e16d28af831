"""The estimate of a fit's memory against the measured peak of a process of its own."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from shipworthy.architect.compute.schema import Machine
from shipworthy.architect.estimate.memory import BaselineMemory, of_baselines, of_fit
from shipworthy.architect.estimate.problem import Problem
from shipworthy.architect.rows import Expected
from shipworthy.config.compose import register
from shipworthy.core.errors import UsageError
from shipworthy.core.groups import ModelConfig
from shipworthy.evaluation.tasks.classification.schema import Classification
from shipworthy.evaluation.tasks.regression.schema import Regression
from shipworthy.evaluation.tasks.schema import Task
from shipworthy.evaluation.tasks.text_to_text.schema import TextToText
from shipworthy.models.adapters.schema import NoAdapter
from shipworthy.models.xgboost.schema import XGBoost
from shipworthy.train.optimizers.schema import NoOptimizer
from shipworthy.train.schema import ClassicalTrainer
from tests.stages import workspaces

ROWS = 60_000
ROOT = Path(__file__).resolve().parents[3]


def table() -> pl.DataFrame:
    """Numbers, a column of 4,000 names, and one whose names are almost all different."""
    draws = np.random.default_rng(3)
    late = draws.random(ROWS) < 0.3
    return pl.DataFrame(
        {
            "id": [f"r{i:06}" for i in range(ROWS)],
            "cluster": [f"r{i:06}" for i in range(ROWS)],
            "flight": draws.integers(0, 4000, ROWS).astype(str),
            "ticket": [f"ticket {i * 7919}" for i in range(ROWS)],
            **{f"x{i}": draws.normal(0, 1, ROWS) + late for i in range(8)},
            "answer": np.where(late, "late", "on time"),
        }
    )


def texts() -> pl.DataFrame:
    """Sentences of words as frequent as in language, of two classes."""
    draws = np.random.default_rng(4)
    shares = 1 / np.arange(1, 5001)
    words = draws.choice(5000, (ROWS // 10, 12), p=shares / shares.sum())
    return pl.DataFrame(
        {
            "id": [f"r{i:06}" for i in range(ROWS // 10)],
            "cluster": [f"r{i:06}" for i in range(ROWS // 10)],
            "question": [" ".join(f"w{word}" for word in row) for row in words],
            "answer": np.where(words[:, 0] % 3 == 0, "yes", "no"),
        }
    )


def problem_of(rows: pl.DataFrame, task: Task, model: ModelConfig) -> Problem:
    register()
    n = rows.height
    return Problem(
        task=task,
        model=model,
        adapter=NoAdapter(),
        trainer=ClassicalTrainer(),
        optimizer=NoOptimizer(),
        sample=rows.sample(n // 4, seed=1),
        features=[name for name in rows.columns if name not in ("id", "cluster", "answer")],
        expected=Expected(source=n, clean=n, train=int(0.7 * n), validation=int(0.1 * n), test=int(0.2 * n)),
        machine=Machine(cores=2, memory_gb=8),
        seed=3,
    )


def measured_mb(root: Path, rows: pl.DataFrame, code: str) -> float:
    """The peak of a process that runs `code` in a workspace with these rows."""
    n = rows.height
    cuts = {"train": (0, 0.7), "validation": (0.7, 0.1), "test": (0.8, 0.2)}
    splits = {name: rows.slice(int(start * n), int(share * n)) for name, (start, share) in cuts.items()}
    workspaces.write_dataset(root, splits)
    script = f"""
import json, sys
from pathlib import Path
from shipworthy.core.memory import peak_mb
from tests.stages.workspaces import workspace
root = Path({str(root)!r})
{code}
print(json.dumps(peak_mb()))
"""
    command = [sys.executable, "-c", script]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT)
    return float(json.loads(done.stdout.splitlines()[-1]))


def table_task(name: str) -> Task:
    return Classification(name="t", description="d", baselines=[name])


def text_task(name: str) -> Task:
    return TextToText(name="t", description="d", prompt="{question}", baselines=[name])


def number_task(name: str) -> Task:
    return Regression(name="t", description="d", baselines=[name])


CASES = {
    "majority": table_task,
    "logistic": table_task,
    "nearest": text_task,
    "tfidf": text_task,
    "median": number_task,
    "ridge": number_task,
}
BASELINE = """
from shipworthy.models.xgboost.schema import XGBoost
from shipworthy.stages import baseline
from tests.architect.estimate.test_memory import CASES
baseline.run(task=CASES[{name!r}]({name!r}), model=XGBoost(), seed=0, workspace=workspace(root, "baseline"))
"""


@pytest.mark.parametrize("name", CASES)
def test_the_measured_peak_of_a_baseline_lies_in_its_interval(name: str, tmp_path: Path) -> None:
    frame = texts() if CASES[name] is text_task else table()
    if CASES[name] is number_task:
        frame = frame.with_columns(answer=pl.format("{}", pl.col("x0").round(3)))
    (found,) = of_baselines(problem_of(frame, CASES[name](name), XGBoost()))
    measured = measured_mb(tmp_path, frame, BASELINE.format(name=name))
    assert found.peak_mb is not None
    assert found.peak_mb.low <= measured <= found.peak_mb.high, f"{found.peak_mb} {found.parts}"


def test_the_measured_peak_of_the_trees_lies_in_their_interval(tmp_path: Path) -> None:
    frame = table()
    task = Classification(name="t", description="d", baselines=["majority"])
    parts = of_fit(XGBoost(rounds=20), problem_of(frame, task, XGBoost(rounds=20)))
    peak = BaselineMemory("xgboost", parts).peak_mb
    fit = """
from shipworthy.models.build import create
from shipworthy.models.dataset import split
from shipworthy.models.xgboost.schema import XGBoost
dataset = workspace(root, "train").read("dataset")
train, validation = split(dataset, "train"), split(dataset, "validation")
model = create(XGBoost(rounds=20))
model.fit(train, validation, 0)
model.predict(validation.drop("answer"))
"""
    measured = measured_mb(tmp_path, frame, fit)
    assert peak is not None and peak.low <= measured <= peak.high, f"{peak} {parts}"


def test_a_baseline_of_another_task_is_refused_before_anything_runs() -> None:
    task = Classification(name="t", description="d", baselines=["majority", "tfidf"])
    with pytest.raises(UsageError, match="Baseline 'tfidf' reads a text, and the task has none"):
        of_baselines(problem_of(table(), task, XGBoost()))


def test_a_family_that_does_not_say_is_not_guessed() -> None:
    assert BaselineMemory("own", {}).peak_mb is None
    assert BaselineMemory("own", {}).to_json() == {"name": "own", "parts": {}, "total": None}
