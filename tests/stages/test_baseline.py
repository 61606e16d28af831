import shutil
from pathlib import Path

import polars as pl
import pytest

from shipworthy.core.artifact import read_artifact
from shipworthy.core.errors import UsageError
from shipworthy.evaluation import predictions
from shipworthy.evaluation.tasks.classification.schema import Classification
from shipworthy.evaluation.tasks.regression.schema import Regression
from shipworthy.evaluation.tasks.text_to_text.schema import TextToText
from shipworthy.models import build
from shipworthy.models.xgboost.schema import XGBoost
from shipworthy.stages import baseline
from tests.models import samples
from tests.stages import workspaces

TEXT = TextToText(name="t", description="d", baselines=["majority", "nearest"], prompt="{service}: {description}")
TABLE = Classification(name="t", description="d", baselines=["majority", "logistic"], positive=">50K")
OPERATIONS = {name: samples.operations() for name in ("train", "validation", "test")}
PEOPLE = {name: samples.table(n, seed=n) for name, n in {"train": 400, "validation": 100, "test": 150}.items()}


@pytest.mark.parametrize(("task", "splits"), [(TEXT, OPERATIONS), (TABLE, PEOPLE)])
def test_every_baseline_is_kept_with_what_it_predicts(
    task: TextToText | Classification, splits: dict[str, pl.DataFrame], tmp_path: Path
) -> None:
    workspaces.write_dataset(tmp_path, splits)
    baseline.run(task=task, model=XGBoost(), seed=0, workspace=workspaces.workspace(tmp_path, "baseline"))
    made = read_artifact(tmp_path / "artifacts" / "baseline", "baseline")
    records = made.json("baseline.json")["baselines"]
    assert [record["name"] for record in records] == task.baselines
    for record in records:
        name = record["name"]
        model = build.load(made.path / name)
        for part, file in (("validation", f"{name}.parquet"), ("test", f"{name}.test.parquet")):
            said = predictions.read(made.file(f"predictions/{file}"), splits[part]["id"])
            assert said == list(model.predict(splits[part].drop("answer")))
            assert "correct" not in pl.read_parquet(made.file(f"predictions/{file}")).columns
        share = record["validation"][task.metric]
        right = [
            p.text == a
            for p, a in zip(model.predict(splits["validation"]), splits["validation"]["answer"], strict=True)
        ]
        assert share["value"] == pytest.approx(sum(right) / len(right))
        assert share["low"] <= share["value"] <= share["high"]
        assert record["seconds"] > 0


def test_it_needs_no_test_answers(tmp_path: Path) -> None:
    workspaces.write_dataset(tmp_path, OPERATIONS)
    with workspaces.workspace(tmp_path, "prepare").write("dataset", target=tmp_path / "blind" / "dataset") as folder:
        for name in ("train", "validation", "test"):
            shutil.copy(tmp_path / "artifacts" / "dataset" / f"{name}.parquet", folder)
    workspace = workspaces.workspace(tmp_path, "baseline")
    workspace.root = tmp_path / "blind"
    baseline.run(task=TEXT, model=XGBoost(), seed=0, workspace=workspace)
    assert [path.name for path in (tmp_path / "runs").iterdir()] == ["calibration"], "no ledger of who read them"
    assert read_artifact(tmp_path / "blind" / "baseline", "baseline").manifest.inputs.keys() == {"dataset"}


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (["mayority"], "task.baselines names 'mayority'"),
        (["majority", "few_shot"], "Baseline 'few_shot' asks a language model"),
    ],
)
def test_a_wrong_baseline_is_refused_before_anything_is_made(names: list[str], message: str, tmp_path: Path) -> None:
    task = TextToText(name="t", description="d", baselines=names, prompt="{description}")
    workspaces.write_dataset(tmp_path, OPERATIONS)
    with pytest.raises(UsageError, match=message):
        baseline.run(task=task, model=XGBoost(), seed=0, workspace=workspaces.workspace(tmp_path, "baseline"))
    assert [path.name for path in (tmp_path / "artifacts").iterdir()] == ["dataset"]


NUMBERS = {name: samples.measured(n, seed=n) for name, n in {"train": 400, "validation": 100, "test": 150}.items()}


def test_baselines_have_intervals_as_the_model_has(tmp_path: Path) -> None:
    task = Regression(name="t", description="d", baselines=["median", "mean", "ridge"], interval=0.9, metric="pinball")
    workspaces.write_dataset(tmp_path, NUMBERS)
    baseline.run(task=task, model=XGBoost(), seed=0, workspace=workspaces.workspace(tmp_path, "baseline"))
    made = read_artifact(tmp_path / "artifacts" / "baseline", "baseline")
    for record in made.json("baseline.json")["baselines"]:
        name, measured = record["name"], record["validation"]
        assert list(measured) == ["pinball", "mae", "interval_coverage", "interval_width"]
        assert measured["interval_coverage"]["value"] == 0.91  # the 91st of 100 errors
        said = predictions.read(made.file(f"predictions/{name}.test.parquet"), NUMBERS["test"]["id"])
        assert said == list(build.load(made.path / name).predict(NUMBERS["test"].drop("answer")))
        assert all(p.low is not None and p.low < p.number < p.high for p in said)
    assert made.json("baseline.json")["power"]["against"] == "ridge"


def test_too_few_validation_rows_are_refused_before_anything_is_fitted(tmp_path: Path) -> None:
    task = Regression(name="t", description="d", baselines=["median"], interval=0.999)
    workspaces.write_dataset(tmp_path, NUMBERS)
    with pytest.raises(UsageError, match="takes 999 validation rows or more, and there are 100"):
        baseline.run(task=task, model=XGBoost(), seed=0, workspace=workspaces.workspace(tmp_path, "baseline"))
    assert [path.name for path in (tmp_path / "artifacts").iterdir()] == ["dataset"]
