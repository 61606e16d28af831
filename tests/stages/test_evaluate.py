from pathlib import Path
from typing import Any

import polars as pl
import pytest

from shipworthy.core.artifact import read_artifact
from shipworthy.core.errors import ArtifactError
from shipworthy.core.files import write_json
from shipworthy.core.groups import ModelConfig
from shipworthy.evaluation import heldout
from shipworthy.evaluation.tasks.classification.schema import Classification
from shipworthy.evaluation.tasks.regression.schema import Regression
from shipworthy.evaluation.tasks.schema import Criteria, Task
from shipworthy.evaluation.tasks.text_to_text.schema import TextToText
from shipworthy.models.conformal import Conformal
from shipworthy.models.logistic.schema import Logistic
from shipworthy.models.nearest.schema import Nearest
from shipworthy.models.ridge.schema import Ridge
from shipworthy.models.xgboost.schema import XGBoost
from shipworthy.stages import baseline, evaluate
from tests.models import samples
from tests.stages import workspaces

TREES = XGBoost(rounds=30, threads=1)
PEOPLE = {name: samples.table(n, seed=n) for name, n in {"train": 400, "validation": 100, "test": 150}.items()}


def people(*names: str, **criteria: float) -> Task:
    return Classification(
        name="t", description="d", baselines=list(names), positive=">50K", criteria=Criteria(**criteria)
    )


def walk(root: Path, task: Task, model: ModelConfig, splits: dict[str, pl.DataFrame]) -> dict[str, Any]:
    """plan, dataset, baseline, checkpoint, evaluate; returns evaluation.json."""
    workspaces.write_plan(root, task)
    workspaces.write_dataset(root, splits)
    workspaces.write_checkpoint(root, model, splits)
    baseline.run(task=task, model=model, seed=0, workspace=workspaces.workspace(root, "baseline"))
    evaluate.run(task=task, seed=0, workspace=workspaces.workspace(root, "evaluate"))
    found: dict[str, Any] = read_artifact(root / "artifacts" / "evaluation", "evaluation").json("evaluation.json")
    return found


def test_trees_beat_the_majority(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = walk(tmp_path, people("majority"), TREES, PEOPLE)
    assert (found["metric"], found["n"], found["best_baseline"]) == ("accuracy", 150, "majority")
    assert [(c["name"], c["role"]) for c in found["candidates"]] == [("majority", "baseline"), ("tuned", "tuned")]
    for candidate in found["candidates"]:
        assert list(candidate["metrics"]) == ["accuracy", "auc"]
        kept = pl.read_parquet(tmp_path / "artifacts" / "evaluation" / "predictions" / f"{candidate['name']}.parquet")
        joined = kept.join(PEOPLE["test"].select("id", "answer"), on="id", validate="1:1")
        right = (joined["prediction"] == joined["answer"]).to_list()
        assert kept["correct"].to_list() == right
        assert candidate["metrics"]["accuracy"]["value"] == pytest.approx(sum(right) / 150)
        assert candidate["size_mb"] > 0
        assert 0 < candidate["p95_s"] < 5
    tuned, majority = (c["metrics"]["accuracy"]["value"] for c in reversed(found["candidates"]))
    comparison = found["comparison"]
    assert comparison["difference"]["value"] == pytest.approx(tuned - majority)
    assert (comparison["wins"] - comparison["losses"]) / 150 == pytest.approx(tuned - majority)
    assert found["verdict"]["passed"]
    assert "PASSED against majority" in capsys.readouterr().out
    (entry,) = found["test_reads"]
    assert entry["reader"] == "evaluate"
    assert heldout.ledger_of(workspaces.workspace(tmp_path, "x")) == tmp_path / "runs" / "heldout_reads.jsonl"


def test_the_same_model_as_the_baseline_does_not_pass(tmp_path: Path) -> None:
    found = walk(tmp_path, people("majority", "logistic"), Logistic(), PEOPLE)
    assert found["best_baseline"] == "logistic"
    assert (found["comparison"]["p_value"], found["comparison"]["wins"]) == (1.0, 0)
    assert not found["verdict"]["passed"]
    by_name = {entry["name"]: entry for entry in found["against_each_baseline"]}
    assert {one["tests"] for one in by_name.values()} == {2} and found["comparison"]["tests"] == 1
    assert by_name["majority"]["p_value"] < 0.01 and by_name["majority"]["words"] == "better"


def test_the_margin_is_the_plans(tmp_path: Path) -> None:
    found = walk(tmp_path, people("majority", margin=0.49), TREES, PEOPLE)
    assert not found["verdict"]["passed"]
    assert [reason.split(":")[0] for reason in found["verdict"]["reasons"]] == ["Not met", "Met", "Met"]


def test_the_baseline_to_beat_is_chosen_on_validation_not_on_test(tmp_path: Path) -> None:
    rows = samples.operations()
    train = pl.concat([rows, rows[:1].with_columns(id=pl.lit("again"))])
    splits = {"train": train, "validation": rows.with_columns(answer=pl.lit("DeleteComponent")), "test": rows}
    names = ["majority", "nearest"]  # all validation answers are the majority's, all test answers the neighbours'
    task = TextToText(name="t", description="d", baselines=names, prompt="{service}: {description}")
    found = walk(tmp_path, task, Nearest(template="{description}"), splits)
    assert found["best_baseline"] == "majority"
    on_test = {c["name"]: c["metrics"]["exact_match"]["value"] for c in found["candidates"]}
    assert on_test["nearest"] > on_test["majority"]


def test_every_read_of_the_test_split_is_told(tmp_path: Path) -> None:
    rows = samples.operations()
    task = TextToText(name="t", description="d", baselines=["majority"], prompt="{description}")
    splits = dict.fromkeys(("train", "validation", "test"), rows)
    first = walk(tmp_path, task, Nearest(template="{description}"), splits)
    evaluate.run(task=task, seed=0, workspace=workspaces.workspace(tmp_path, "evaluate"))
    again = read_artifact(tmp_path / "artifacts" / "evaluation", "evaluation").json("evaluation.json")
    assert [len(found["test_reads"]) for found in (first, again)] == [1, 2]


def test_a_plan_of_another_metric_is_refused_before_the_answers_are_opened(tmp_path: Path) -> None:
    with workspaces.workspace(tmp_path, "plan").write("plan") as folder:
        write_json(folder / "criteria.json", {"metric": "exact_match"})
    with pytest.raises(ArtifactError, match=r"decides by exact_match and the task by accuracy: run `shipworthy plan`"):
        evaluate.run(task=people("majority"), seed=0, workspace=workspaces.workspace(tmp_path, "evaluate"))
    assert not (tmp_path / "runs").exists()


def test_answers_of_other_rows_are_refused(tmp_path: Path) -> None:
    task = people("majority")
    walk(tmp_path, task, TREES, PEOPLE)
    with workspaces.workspace(tmp_path, "prepare").write("dataset") as folder:
        for name, rows in PEOPLE.items():
            (rows.drop("answer") if name == "test" else rows).write_parquet(folder / f"{name}.parquet")
        PEOPLE["test"].select("id", "answer").reverse().write_parquet(folder / heldout.ANSWERS)
    with pytest.raises(ArtifactError, match="hold other rows: prepare it again"):
        evaluate.run(task=task, seed=0, workspace=workspaces.workspace(tmp_path, "evaluate"))


def test_a_leak_is_too_good_and_stands_on_top(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What is known only after the answer; of an honest table nothing is said, and its columns are ranked."""
    leaking = {
        name: samples.table(n, seed=n).with_columns(outcome=pl.when(answer=">50K").then(1.0).otherwise(0.0))
        for name, n in {"train": 600, "validation": 200, "test": 800}.items()
    }
    found = walk(tmp_path / "one", people("majority"), TREES, leaking)
    assert len(found["remarks"]) == 1 and "too good" in found["remarks"][0]
    assert "look at this: accuracy 100.0%" in capsys.readouterr().out
    top = found["importance"][0]
    assert top["column"] == "outcome" and top["low"] > 0.2
    assert {one["column"] for one in found["importance"]} == {"age", "job", "outcome"}
    honest = walk(tmp_path / "two", people("majority"), TREES, PEOPLE)
    assert honest["remarks"] == [] and {one["column"] for one in honest["importance"]} == {"age", "job"}


def test_a_model_of_one_class_is_remarked(tmp_path: Path) -> None:
    common = {name: rows.with_columns(age=1.0, job=pl.lit("a")) for name, rows in PEOPLE.items()}
    found = walk(tmp_path, people("majority"), TREES, common)
    assert [one.split("'")[0] for one in found["remarks"]] == ["xgboost answers "]


def test_intervals_that_validation_told_too_narrow_are_remarked(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Test's answers are further off than validation's."""
    splits = {name: samples.measured(n, seed=n) for name, n in {"train": 400, "validation": 100, "test": 150}.items()}
    farther = pl.col("answer").cast(pl.Float64) + 20
    splits["test"] = splits["test"].with_columns(answer=farther.map_elements(repr, pl.String))
    task = Regression(name="t", description="d", baselines=["median"], interval=0.9, metric="interval_score")
    workspaces.write_plan(tmp_path, task)
    workspaces.write_dataset(tmp_path, splits)
    baseline.run(task=task, model=Ridge(), seed=0, workspace=workspaces.workspace(tmp_path, "baseline"))
    workspaces.write_checkpoint(tmp_path, Ridge(), splits, Conformal(0.9, 8.0))
    evaluate.run(task=task, seed=0, workspace=workspaces.workspace(tmp_path, "evaluate"))
    found = read_artifact(tmp_path / "artifacts" / "evaluation", "evaluation").json("evaluation.json")
    metrics = {one["name"]: one["metrics"] for one in found["candidates"]}
    assert list(metrics["tuned"]) == ["interval_score", "mae", "interval_coverage", "interval_width"]
    assert metrics["tuned"]["interval_width"]["value"] == pytest.approx(16.0)
    assert metrics["tuned"]["interval_coverage"]["high"] < 0.9 and found["by_number"]["interval"] == 0.9
    (remark,) = found["remarks"]
    assert remark.startswith("ridge: asked for 90%, the intervals hold the right number in")
    assert f"look at this: {remark}" in capsys.readouterr().out
