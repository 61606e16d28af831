"""What a finished run says of its plan, and when it says nothing."""

from pathlib import Path
from typing import Any

import pytest

from shipworthy.core.artifact import Artifact, read_artifact, write_artifact
from shipworthy.core.calibration import FILE, append, read
from shipworthy.core.files import read_json, write_json
from shipworthy.core.identity import environment
from shipworthy.track.cost.calibration import note
from shipworthy.track.cost.planned import planned
from tests.track.cost.made import BEGAN, config, start, write_run

HERE = {"processor": environment()["processor"], "cpus": 2, "gpus": []}
CPU = {"cores": 2, "gpus": 0, "gpu_name": ""}
HISTORY = [{"step": 1, "step_s": 10.0, "validation_s": 30.0}, {"step": 2, "step_s": 10.0, "validation_s": 50.0}]


def bounds(value: float) -> dict[str, float]:
    return {"value": value, "low": 0.5 * value, "high": 2 * value}


def write_plan(root: Path, machine: dict[str, Any] = CPU, calibration: Any = None, **groups: Any) -> Artifact:
    planned_config = {name: value for name, value in config(**groups).items() if name != "sample"}
    folder = root / "artifacts" / "plan"
    with write_artifact(folder, "plan", run_id="p", config=planned_config, inputs={}, seeds={}) as made:
        document = {
            "task": "income",
            "family": "causal_lm",
            "steps": 100,
            "seconds": bounds(1000),
            "validation_seconds": bounds(60),
            "memory_mb": {"total": bounds(900), "parts": {"libraries": bounds(700)}},
            "calibration": calibration or {},
            "machine": machine,
        }
        write_json(made / "plan.json", document)
    return read_artifact(folder, "plan")


def finished(root: Path, run_id: str = "r1", steps: int = 100, environment: Any = HERE, **more: Any) -> Path:
    training = {"steps": steps, "seconds": 1500.0, "peak_memory_mb": 950.0}
    folder = write_run(root, run_id, [start(1, BEGAN, BEGAN + 10)], training=training, history=HISTORY, **more)
    record = read_json(folder / "record.json")
    write_json(folder / "record.json", {**record, "environment": environment})
    return folder


def test_a_finished_run_is_noted_beside_its_plan(tmp_path: Path) -> None:
    line = note(finished(tmp_path), write_plan(tmp_path))
    assert line is not None
    assert read(tmp_path / "runs" / FILE) == [line]
    assert line["told"]["seconds"] == line["estimated"]["seconds"] == bounds(1000)
    assert line["measured"] == {"seconds": 1500.0, "memory_mb": 950.0, "validation_seconds": 80.0}
    found = {one.what: one for one in planned(line, per_hour=3.6)}
    assert (found["seconds"].ratio, found["seconds"].inside) == (1.5, True)
    assert found["money"].value == pytest.approx(1.0) and found["money"].taken == pytest.approx(1.5)


def test_a_run_that_stopped_early_is_compared_by_its_steps(tmp_path: Path) -> None:
    line = note(finished(tmp_path, steps=50), write_plan(tmp_path))
    assert line is not None
    assert line["told"]["seconds"]["value"] == 500
    assert line["told"]["memory_mb"]["value"] == 900


def test_a_ratio_is_of_what_was_estimated_before_it_was_calibrated(tmp_path: Path) -> None:
    raw = {"seconds": bounds(700), "validation_seconds": bounds(60), "memory_mb": bounds(900)}
    line = note(finished(tmp_path), write_plan(tmp_path, calibration={"estimated": raw}))
    assert line is not None
    assert (line["told"]["seconds"]["value"], line["estimated"]["seconds"]["value"]) == (1000, 700)


@pytest.mark.parametrize(
    ("run", "plan"),
    [
        ({}, {"machine": {**CPU, "cores": 8}}),
        ({}, {"machine": {"cores": 2, "gpus": 1, "gpu_name": "G"}}),
        ({"environment": {**HERE, "gpus": ["G"]}}, {}),
        ({}, {"adapter": {"kind": "lora", "rank": 64}}),
        ({}, {"trainer": {"kind": "lightning", "batch_size": 99}}),
        ({"sample": "1%"}, {}),
        ({"validation_share": 0.7}, {}),
        ({"campaign": {"name": "c", "trial": 3}}, {}),
    ],
)
def test_what_cannot_be_compared_is_not_noted(tmp_path: Path, run: dict[str, Any], plan: dict[str, Any]) -> None:
    assert note(finished(tmp_path, **run), write_plan(tmp_path, **plan)) is None
    assert not (tmp_path / "runs" / FILE).exists()


def test_non_identity_fields_of_the_trainer_do_not_matter(tmp_path: Path) -> None:
    changed = {**config()["trainer"], "accept_unfit_plan": True, "checkpoint_every": 5}
    assert note(finished(tmp_path), write_plan(tmp_path, trainer=changed)) is not None


def test_a_plan_that_was_made_anew_while_the_run_ran_says_nothing(tmp_path: Path) -> None:
    plan = write_plan(tmp_path)
    write_json(plan.path / "plan.json", {"steps": 1})
    assert note(finished(tmp_path), plan) is None


def test_a_plan_for_this_gpu_is_compared_by_the_gpus_memory(tmp_path: Path) -> None:
    folder = finished(tmp_path, environment={**HERE, "gpus": ["G", "G"]})
    line = note(folder, write_plan(tmp_path, machine={"cores": 8, "gpus": 2, "gpu_name": "G"}))
    assert line is not None
    assert line["machine"] == "2 × G" and "memory_mb" not in line["measured"]


def test_the_newest_line_of_a_run_counts_and_a_torn_one_does_not(tmp_path: Path) -> None:
    path = tmp_path / "runs" / FILE
    append(path, {"run_id": "a", "n": 1})
    append(path, {"run_id": "b", "n": 2})
    with path.open("a") as file:
        file.write('{"run_id": "c", "n"')
    append(path, {"run_id": "a", "n": 3})
    assert read(path) == [{"run_id": "b", "n": 2}, {"run_id": "a", "n": 3}]
