"""compress and bench of a model that is handed on as it is; the GGUF pipeline needs the toolchain (tests/e2e)."""

import shutil
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from shipworthy.core.artifact import read_artifact
from shipworthy.core.errors import ArtifactError
from shipworthy.evaluation import heldout
from shipworthy.evaluation.tasks.classification.schema import Classification
from shipworthy.evaluation.tasks.schema import Criteria
from shipworthy.models import decision
from shipworthy.models.xgboost.schema import XGBoost
from shipworthy.optimize.engines.in_process.schema import InProcess
from shipworthy.optimize.quantize.none.schema import Unchanged
from shipworthy.stages import baseline, bench, compress, evaluate
from tests.models import samples
from tests.stages import workspaces

SPLITS = {name: samples.table(n, seed=n) for name, n in {"train": 300, "validation": 60, "test": 300}.items()}


def task(margin: float = 0.1) -> Classification:
    criteria = Criteria(noninferiority_margin=margin)
    return Classification(name="t", description="d", baselines=["majority"], positive=">50K", criteria=criteria)


@pytest.fixture(scope="module")
def evaluated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("pipeline")
    workspaces.write_plan(root, task())
    workspaces.write_dataset(root, SPLITS)
    model = XGBoost(rounds=20, threads=1)
    workspaces.write_checkpoint(root, model, SPLITS)
    baseline.run(task=task(), model=model, seed=0, workspace=workspaces.workspace(root, "baseline"))
    evaluate.run(task=task(), seed=0, workspace=workspaces.workspace(root, "evaluate"))
    compress.run(task=task(), quant=Unchanged(sample=40), seed=0, workspace=workspaces.workspace(root, "compress"))
    return root


def read(root: Path, kind: str) -> Any:
    return read_artifact(root / "artifacts" / kind, kind).json(f"{kind}.json")


def test_what_is_unchanged_lost_nothing(evaluated: Path) -> None:
    found = read(evaluated, "compressed")
    (variant,) = found["variants"]
    tuned = next(c for c in read(evaluated, "evaluation")["candidates"] if c["role"] == "tuned")
    assert (found["chosen"], found["passed"], variant["format"]) == ("unchanged", True, "xgboost")
    assert variant["metrics"] == tuned["metrics"]
    assert variant["noninferiority"] is None and found["why"] == "Nothing was compressed: the model goes on as it is."
    kept = pl.read_parquet(evaluated / "artifacts" / "compressed" / "predictions" / "unchanged.parquet")
    tuned_rows = pl.read_parquet(evaluated / "artifacts" / "evaluation" / "predictions" / "tuned.parquet")
    assert kept.equals(tuned_rows)


def test_a_threshold_goes_with_the_model(evaluated: Path, tmp_path: Path) -> None:
    """Evaluated, compressed and served it answers by it, for its folder says so."""
    shutil.copytree(evaluated / "artifacts" / "dataset", tmp_path / "artifacts" / "dataset")
    for kind in ("plan", "baseline"):
        shutil.copytree(evaluated / "artifacts" / kind, tmp_path / "artifacts" / kind)
    with workspaces.workspace(tmp_path, "train").write("checkpoint") as folder:
        checkpoint = read_artifact(evaluated / "artifacts" / "checkpoint", "checkpoint")
        checkpoint.copy_to(folder)
        decision.write(decision.Decision(">50K", "<=50K", 0.1), folder)
    evaluate.run(task=task(), seed=0, workspace=workspaces.workspace(tmp_path, "evaluate"))
    compress.run(task=task(), quant=Unchanged(sample=40), seed=0, workspace=workspaces.workspace(tmp_path, "compress"))
    for place in ("compressed/predictions/unchanged", "evaluation/predictions/tuned"):
        said = pl.read_parquet(tmp_path / "artifacts" / f"{place}.parquet")
        likely = said["probabilities"].struct.field(">50K") >= 0.1
        assert (said["prediction"] == ">50K").to_list() == likely.to_list()
    before = pl.read_parquet(evaluated / "artifacts" / "evaluation" / "predictions" / "tuned.parquet")
    assert said["prediction"].to_list() != before["prediction"].to_list()
    assert said["probabilities"].to_list() == before["probabilities"].to_list()


def test_its_reading_of_the_answers_is_in_the_ledger(evaluated: Path) -> None:
    dataset = read_artifact(evaluated / "artifacts" / "dataset", "dataset")
    reads = heldout.reads(dataset, heldout.ledger_of(workspaces.workspace(evaluated, "compress")))
    assert [entry["reader"] for entry in reads] == ["evaluate", "compress"]


def test_the_bench_asks_what_compress_asked_and_hears_the_same(evaluated: Path) -> None:
    workspace = workspaces.workspace(evaluated, "bench")
    bench.run(task=task(), engine=InProcess(requests=10, batch_rows=100), workspace=workspace)
    found = read(evaluated, "bench")
    assert (found["engine"], found["variant"]) == ("in_process", "unchanged")
    assert found["answers"] == {"rows": 100, "equal": 100}
    latency = found["single"]["latency_s"]
    assert 0 < latency["p50"] <= latency["p95"] <= latency["p99"]
    assert found["batch"]["rows"] == 100
    assert found["memory_mb"] > 10


def test_an_evaluation_of_other_rows_is_refused(evaluated: Path, tmp_path: Path) -> None:
    workspaces.write_plan(tmp_path, task())
    workspaces.write_dataset(tmp_path, {**SPLITS, "test": SPLITS["test"].with_columns(id=pl.col("id") + "x")})
    for kind in ("checkpoint", "evaluation"):
        (tmp_path / "artifacts" / kind).symlink_to(evaluated / "artifacts" / kind)
    with pytest.raises(ArtifactError, match="speaks of other rows than the dataset"):
        compress.run(
            task=task(), quant=Unchanged(sample=5), seed=0, workspace=workspaces.workspace(tmp_path, "compress")
        )
    assert not (tmp_path / "artifacts" / "compressed").exists()
