"""The plan stage on small real files: a tiny language model with real training steps, and a table."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from shipworthy.architect.compute.schema import Machine
from shipworthy.config.compose import register
from shipworthy.config.load import as_dict
from shipworthy.core.artifact import Artifact, read_artifact
from shipworthy.core.errors import ShipworthyError, UsageError
from shipworthy.core.files import write_json
from shipworthy.core.identity import environment
from shipworthy.core.sources.schema import Folder
from shipworthy.core.workspace import Workspace
from shipworthy.data.kinds.schema import Records, Table
from shipworthy.data.splits.schema import Split
from shipworthy.evaluation.tasks.classification.schema import Classification
from shipworthy.evaluation.tasks.text_to_text.schema import TextToText
from shipworthy.models.adapters.build import build as build_adapter
from shipworthy.models.adapters.schema import Lora, NoAdapter
from shipworthy.models.causal_lm.base import base_folder
from shipworthy.models.causal_lm.network import load_network
from shipworthy.models.causal_lm.schema import CausalLM
from shipworthy.models.causal_lm.weights import fetch
from shipworthy.models.xgboost.schema import XGBoost
from shipworthy.stages import plan
from shipworthy.track.cost.calibration import note
from shipworthy.train.objectives.schema import SupervisedFineTuning
from shipworthy.train.optimizers.schema import AdamW, NoOptimizer
from shipworthy.train.schedules.schema import Cosine
from shipworthy.train.schema import ClassicalTrainer, LightningTrainer
from tests.tiny import write_model

register()  # here, where the project's own extensions are found


@pytest.fixture
def words(project: Path) -> dict[str, Any]:
    things = ("queue", "table", "index", "topic", "stream", "image", "role", "key", "alarm", "volume")
    rows = [
        {"question": f"{verb}s the {thing} of an account in region {i}.", "name": f"{verb}{thing.title()}{i}"}
        for i, thing in enumerate(things)
        for verb in ("Delete", "Create", "Describe")
    ]
    pl.DataFrame(rows).write_ndjson(project / "data" / "own.jsonl")
    model = CausalLM(name="tiny", licence="none", source=Folder(path=str(write_model(project / "hub"))))
    fetch(model)
    return {
        "task": TextToText(
            name="own", description="Names it.", baselines=["majority"], prompt="{question}", max_length=200
        ),
        "data": Records(
            name="own", licence="l", file="own.jsonl", text="question", answer="name", split=Split(test=6, validation=3)
        ),
        "model": model,
        "adapter": Lora(rank=2),
        "objective": SupervisedFineTuning(),
        "trainer": LightningTrainer(steps=8, batch_size=4, validate_every=4),
        "optimizer": AdamW(),
        "schedule": Cosine(),
        "compute": Machine(name="here", price_per_hour=1.0),
    }


def run(project: Path, groups: dict[str, Any]) -> Artifact:
    config = {name: as_dict(group) for name, group in groups.items()}
    workspace = Workspace(root=project / "artifacts", command="plan", config=config, seed=5)
    plan.run(**groups, seed=5, workspace=workspace)
    return read_artifact(project / "artifacts" / "plan", "plan")


def test_a_networks_plan_is_measured_and_counted(project: Path, words: dict[str, Any]) -> None:
    made = run(project, words)
    document = made.json("plan.json")
    base = load_network(base_folder(words["model"]))
    adapted = build_adapter(base, words["adapter"], seed=1)
    assert document["parameters"] == sum(p.numel() for p in adapted.parameters())
    assert document["trainable_parameters"] == sum(p.numel() for p in adapted.parameters() if p.requires_grad)
    assert document["rows"] == {"source": 30, "clean": 30, "train": 21, "validation": 3, "test": 6}
    assert document["measured"]["tokens_per_second"] > 0
    assert document["seconds"]["value"] == pytest.approx(
        document["tokens"]["in all"] / document["measured"]["tokens_per_second"], rel=0.05
    )
    assert document["memory_mb"]["total"]["value"] == pytest.approx(document["measured"]["peak_memory_mb"], abs=1)
    assert document["cost"]["money"] == pytest.approx(document["cost"]["hours"])
    assert made.json("fits.json") == {"fits": True, "reasons": []}
    assert made.json("criteria.json")["metric"] == "exact_match"
    assert "# Plan: own" in made.file("plan.md").read_text()
    assert made.manifest.inputs.keys() == {"data/own.jsonl", "base weights"}


def test_the_next_plan_is_set_right_by_runs_of_the_last(project: Path, words: dict[str, Any]) -> None:
    first = run(project, words)
    told, known = first.json("plan.json"), {name: as_dict(group) for name, group in words.items()}
    for number in range(3):
        folder = project / "runs" / f"r{number}"
        (folder / "checkpoint").mkdir(parents=True)
        facts = {"run_id": folder.name, "config": {**known, "sample": ""}, "code": {}, "environment": environment()}
        write_json(folder / "record.json", facts)
        (folder / "starts.jsonl").write_text('{"start": 1, "began": 0, "gpus": []}\n')
        seconds, peak = 1.5 * told["seconds"]["value"], 1.1 * told["memory_mb"]["total"]["value"]
        write_json(folder / "checkpoint" / "training.json", {"steps": 8, "seconds": seconds, "peak_memory_mb": peak})
        write_json(folder / "checkpoint" / "history.json", [])
        assert note(folder, first, 21)["estimated"]
    second = run(project, words)
    document = second.json("plan.json")
    calibration = document["calibration"]
    assert calibration["runs"] == ["r0", "r1", "r2"]
    assert calibration["ratios"]["seconds"]["value"] == pytest.approx(1.5)
    assert document["seconds"]["value"] == pytest.approx(1.5 * calibration["estimated"]["seconds"]["value"])
    assert document["memory_mb"]["total"]["value"] == pytest.approx(
        1.1 * calibration["estimated"]["memory_mb"]["value"]
    )
    assert "Calibrated by 3 past runs" in second.file("plan.md").read_text()


def test_a_plan_that_does_not_fit_is_a_plan(project: Path, words: dict[str, Any]) -> None:
    made = run(project, words | {"compute": Machine(memory_gb=0.1)})
    fits = made.json("fits.json")
    assert not fits["fits"] and "peak memory" in fits["reasons"][0]


def test_a_prompt_with_an_unknown_column_is_refused(project: Path, words: dict[str, Any]) -> None:
    task = TextToText(name="own", description="Names it.", baselines=["majority"], prompt="{qestion}")
    with pytest.raises(UsageError, match="qestion"):
        run(project, words | {"task": task})
    assert not (project / "artifacts" / "plan").exists()


def test_where_no_row_is_left_the_plan_says_why(project: Path, words: dict[str, Any]) -> None:
    data = replace(words["data"], answers={"x": "X"})
    with pytest.raises(
        ShipworthyError, match="No row is left of 30: 30 unnamed answer .'.*': data.answers does not name"
    ):
        run(project, words | {"data": data})
    named = replace(words["data"], answers={"DeleteQueue0": "x", "CreateQueue0": "y"})
    with pytest.raises(UsageError, match="none of 2 rows for train .of 30; 28 unnamed answer .*: lower them"):
        run(project, words | {"data": named})


def test_rows_that_will_be_left_out_are_said(
    project: Path, words: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [{"question": "", "name": "x"}] * 10
    with (project / "data" / "own.jsonl").open("a") as file:
        file.writelines(json.dumps(row) + "\n" for row in rows)
    run(project, words)
    assert "warning: 25% of the rows (10 of 40) are left out: 10 empty (25%)" in capsys.readouterr().out


def test_a_tables_plan(project: Path) -> None:
    rows = {"age": list(range(300)), "job": ["a", "b", "c"] * 100, "pay": ["yes", "no"] * 150}
    pl.DataFrame(rows).write_csv(project / "data" / "t.csv")
    made = run(
        project,
        {
            "task": Classification(name="t", description="Tells it.", baselines=["majority"]),
            "data": Table(name="t", licence="l", file="t.csv", label="pay"),
            "model": XGBoost(rounds=3, threads=1),
            "adapter": NoAdapter(),
            "objective": SupervisedFineTuning(),
            "trainer": ClassicalTrainer(),
            "optimizer": NoOptimizer(),
            "schedule": Cosine(),
            "compute": Machine(),
        },
    )
    document = made.json("plan.json")
    assert document["rows"] == {"source": 300, "clean": 300, "train": 240, "validation": 30, "test": 30}
    assert document["parameters"] is None and document["seconds"]["value"] > 0
    assert json.dumps(document["fits"]) == json.dumps(made.json("fits.json"))


def test_a_tables_plan_sees_the_columns_as_training_will_and_says_the_memory_of_each_baseline(project: Path) -> None:
    rows = {
        "ticket": [f"T{i}" for i in range(600)],
        "town": [f"town {i % 150}" for i in range(600)],
        "day": [f"2024-{1 + i % 12:02}-{1 + i % 28:02}" for i in range(600)],
        "pay": [("yes", "no")[i % 150 % 2] for i in range(600)],
    }
    pl.DataFrame(rows).write_csv(project / "data" / "t.csv")
    groups = {
        "task": Classification(name="t", description="Tells it.", baselines=["majority", "logistic"]),
        "data": Table(name="t", licence="l", file="t.csv", label="pay"),
        "model": XGBoost(rounds=3, threads=1),
        "adapter": NoAdapter(),
        "objective": SupervisedFineTuning(),
        "trainer": ClassicalTrainer(),
        "optimizer": NoOptimizer(),
        "schedule": Cosine(),
        "compute": Machine(name="box"),
    }
    made = run(project, groups)
    document = made.json("plan.json")
    assert "a table of 5 columns of numbers and 0 of names" in document["why"]  # town; month, day, weekday, elapsed
    assert [one["name"] for one in document["baselines"]] == ["majority", "logistic"]
    assert all(one["total"]["low"] < one["total"]["value"] < one["total"]["high"] for one in document["baselines"])
    assert "| logistic | " in made.file("plan.md").read_text()
    small = run(project, groups | {"compute": Machine(name="box", memory_gb=0.1)}).json("fits.json")
    assert [reason for reason in small["reasons"] if "of baseline 'logistic' may be above what box has" in reason]
