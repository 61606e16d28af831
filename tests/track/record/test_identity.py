"""What trackers are told of a run: names that tell runs apart, and where it comes from."""

from pathlib import Path
from typing import Any

import polars as pl
import pytest

from shipworthy.core.artifact import Artifact, read_artifact, write_artifact
from shipworthy.core.files import write_json
from shipworthy.track.record import groups
from shipworthy.track.record.identity import identity
from shipworthy.track.trackers.identity import Identity


@pytest.fixture
def dataset(tmp_path: Path) -> Artifact:
    folder = tmp_path / "artifacts" / "dataset"
    config = {"data": {"name": "people"}}
    with write_artifact(folder, "dataset", run_id="0" * 16, config=config, inputs={}, seeds={}) as target:
        for split, rows in {"train": 3, "validation": 2}.items():
            ids = [*range(rows)]
            frame = pl.DataFrame(
                {"id": ids, "prompt_ids": [[1]] * rows, "share": [0.5] * rows, "answer": ["yes"] * rows}
            )
            frame.write_parquet(target / f"{split}.parquet")
        known = {"problem": "classification", "features": ["share"], "categorical": []}
        write_json(target / "dataset.json", {**known, "rows": {"train": 3, "validation": 2}})
    return read_artifact(folder, "dataset")


def record(**more: Any) -> dict[str, Any]:
    return {
        "run_id": "0123456789abcdef",
        "command": "train",
        "name": "xgboost",
        "config": {
            "task": {"kind": "classification", "name": "pay", "metric": "accuracy"},
            "note": "Why not?",
            "seed": 17,
        },
        "code": {"git_sha": "a" * 40, "snapshot": "b" * 16},
        "slurm": None,
        "campaign": None,
        "sweep": None,
        "arguments": [],
        **more,
    }


def of(dataset: Artifact, runs: Path, **more: Any) -> Identity:
    return identity(record(**more), runs / "0123456789abcdef", dataset)


def test_a_name_says_what_was_set_or_the_recipe(dataset: Artifact, tmp_path: Path) -> None:
    given = ["experiment=people", "tracker.uri=sqlite:///x.db", "note=hm", "model.max_depth=4", "seed=3"]
    assert of(dataset, tmp_path, arguments=given).name == "xgboost model.max_depth=4, seed=3 · 012345"
    assert of(dataset, tmp_path, arguments=given[:3]).name == "xgboost people · 012345"
    assert of(dataset, tmp_path).name == "xgboost pay · 012345", "as DVC runs it"


def test_a_trial_is_told_by_campaign_number_and_values(dataset: Artifact, tmp_path: Path) -> None:
    folder = tmp_path / "campaigns" / "tune-1234"
    settings = {"budget": {"trials": 9}}
    asked = {"name": "tune-1234", "kind": "tune", "settings": settings, "overrides": ["experiment=people"]}
    write_json(folder / "campaign.json", asked)
    write_json(folder / "trials" / "3.json", {"params": {"model.max_depth": 4, "model.learning_rate": 0.125}})
    found = of(dataset, tmp_path, campaign={"name": "tune-1234", "trial": 3})
    assert found.name == "tune-1234 #3 max_depth 4, learning_rate 0.125 · 012345"
    assert found.group and (found.group.id, found.group.kind) == ("tune-1234", "tune")
    assert found.tags["trial"] == "3" and "people" in found.group.name


def test_a_job_of_a_sweep_is_told_by_what_only_it_has(dataset: Artifact, tmp_path: Path) -> None:
    common = ["experiment=people", "model.rounds=5"]
    sweep = {"name": "train-1a2b", "job": 1, "common": common, "varied": "seed=1,2", "command": "shipworthy train"}
    found = of(dataset, tmp_path, sweep={**sweep, "overrides": [*common, "seed=2"]})
    assert found.name == "xgboost seed=2 · 012345"
    assert found.group == groups.sweep_group(sweep) and found.group.name == "sweep seed=1,2 1a2b"


def test_it_holds_hypothesis_command_tags_and_rows(dataset: Artifact, tmp_path: Path) -> None:
    found = of(dataset, tmp_path, arguments=["experiment=people", "model.name=a b"])
    assert "**Hypothesis**: Why not?" in found.description
    assert "`shipworthy train experiment=people 'model.name=a b'`" in found.description
    assert {"recipe": "people", "metric": "accuracy", "git_sha": "a" * 40}.items() <= found.tags.items()
    train, validation = found.datasets
    assert (train.name, train.context, train.rows, validation.rows) == ("people", "train", 3, 2)
    assert train.digest == dataset.manifest.files["train.parquet"]["sha256"]
    assert train.columns == {"id": "int", "prompt_ids": "list[int]", "share": "float", "answer": "string"}
    assert Identity.from_json(found.to_json()) == found


def test_the_metric_is_told_with_its_interval() -> None:
    training = {"metric": "f1", "selected_metric": 0.5, "selected_interval": {"low": 0.25, "high": 0.75}}
    assert groups.measured(training) == {"validation/f1": 0.5, "validation/f1_low": 0.25, "validation/f1_high": 0.75}
    assert groups.measured({}) == {}
