"""What runs, baselines and benchmarks say of estimates, and of what they say nothing."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from shipworthy.core import calibration
from shipworthy.core.artifact import Artifact, read_artifact, write_artifact
from shipworthy.core.calibration import FOLDER, append, read, settings
from shipworthy.core.files import read_json, write_json
from shipworthy.core.identity import environment
from shipworthy.track.cost.calibration import note
from shipworthy.track.cost.noted import note_baselines, note_bench
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
            "rows": {"train": 400},
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
    line = note(finished(tmp_path), write_plan(tmp_path), 400)
    assert read(tmp_path / "runs") == [line]
    assert line["kind"] == "run" and line["settings"] == settings(config())
    assert line["told"]["seconds"] == line["estimated"]["seconds"] == bounds(1000)
    assert line["measured"] == {"seconds": 1500.0, "memory_mb": 950.0, "validation_seconds": 80.0}
    found = {one.what: one for one in planned(line, per_hour=3.6)}
    assert (found["seconds"].ratio, found["seconds"].inside) == (1.5, True)
    assert found["money"].value == pytest.approx(1.0) and found["money"].taken == pytest.approx(1.5)


def test_a_run_that_stopped_early_is_compared_by_its_steps(tmp_path: Path) -> None:
    line = note(finished(tmp_path, steps=50), write_plan(tmp_path), 400)
    assert line["told"]["seconds"]["value"] == 500
    assert line["told"]["memory_mb"]["value"] == 900


def test_a_ratio_is_of_what_was_estimated_before_it_was_calibrated(tmp_path: Path) -> None:
    raw = {"seconds": bounds(700), "validation_seconds": bounds(60), "memory_mb": bounds(900)}
    line = note(finished(tmp_path), write_plan(tmp_path, calibration={"estimated": raw}), 400)
    assert (line["told"]["seconds"]["value"], line["estimated"]["seconds"]["value"]) == (1000, 700)


@pytest.mark.parametrize(
    ("run", "plan"),
    [
        ({}, {"machine": {**CPU, "cores": 8}}),
        ({}, {"machine": {"cores": 2, "gpus": 1, "gpu_name": "G"}}),
        ({"environment": {**HERE, "gpus": ["G"]}}, {}),
        ({}, {"model": {"kind": "causal_lm", "name": "large"}}),
        ({}, {"adapter": {"kind": "none"}}),
        ({"task": {"kind": "regression", "name": "other"}}, {}),
    ],
)
def test_what_cannot_be_compared_is_noted_without_an_estimate(
    tmp_path: Path, run: dict[str, Any], plan: dict[str, Any]
) -> None:
    line = note(finished(tmp_path, **run), write_plan(tmp_path, **plan), 400)
    assert line["estimated"] == line["told"] == {} and line["measured"]["seconds"] == 1500
    assert planned(line, per_hour=1.0) == []


def test_a_trial_with_other_settings_is_estimated_and_was_told_nothing(tmp_path: Path) -> None:
    trainer = {**config()["trainer"], "batch_size": 8}
    folder = finished(
        tmp_path, trainer=trainer, adapter={"kind": "lora", "rank": 64}, campaign={"name": "c", "trial": 3}
    )
    line = note(folder, write_plan(tmp_path), 400)
    assert line["kind"] == "trial" and line["told"] == {}
    assert line["estimated"] == {"seconds": bounds(2000), "memory_mb": bounds(900)}  # batches of twice as many rows


@pytest.mark.parametrize(("workers", "job", "timed"), [(1, "", True), (2, "", False), (2, "17", True)])
def test_trials_that_share_their_machine_say_nothing_of_time(
    tmp_path: Path, workers: int, job: str, timed: bool
) -> None:
    folder = finished(tmp_path, campaign={"name": "c", "trial": 3})
    write_json(tmp_path / "runs" / "campaigns" / "c" / "campaign.json", {"settings": {"workers": workers}})
    (folder / "starts.jsonl").write_text(f'{{"start": 1, "began": 0, "gpus": [], "job": "{job}"}}\n')
    line = note(folder, write_plan(tmp_path), 400)
    assert ("seconds" in line["estimated"], "memory_mb" in line["estimated"]) == (timed, True)


def test_a_table_is_compared_by_its_rows_whatever_the_trees(tmp_path: Path) -> None:
    trees = {"kind": "xgboost", "max_depth": 6}
    classical = {"kind": "classical"}
    plan = write_plan(tmp_path, model=trees, trainer=classical, adapter=None)
    document = {**read_json(plan.path / "plan.json"), "steps": None, "family": "xgboost"}
    with write_artifact(plan.path, "plan", run_id="p", config=plan.manifest.config, inputs={}, seeds={}) as made:
        write_json(made / "plan.json", document)
    folder = finished(tmp_path, model={**trees, "max_depth": 3}, trainer=classical, adapter=None)
    line = note(folder, read_artifact(plan.path, "plan"), 200)
    assert line["family"] == "xgboost" and line["told"] == {}
    assert line["estimated"]["seconds"] == bounds(500)  # half of the plan's rows


def test_non_identity_fields_of_the_trainer_do_not_matter(tmp_path: Path) -> None:
    changed = {**config()["trainer"], "accept_unfit_plan": True, "checkpoint_every": 5}
    assert note(finished(tmp_path), write_plan(tmp_path, trainer=changed), 400)["told"]


def test_a_plan_that_was_made_anew_while_the_run_ran_says_nothing(tmp_path: Path) -> None:
    plan = write_plan(tmp_path)
    write_json(plan.path / "plan.json", {"steps": 1})
    assert note(finished(tmp_path), plan, 400)["estimated"] == {}


def test_a_plan_for_this_gpu_is_compared_by_the_gpus_memory(tmp_path: Path) -> None:
    folder = finished(tmp_path, environment={**HERE, "gpus": ["G", "G"]})
    line = note(folder, write_plan(tmp_path, machine={"cores": 8, "gpus": 2, "gpu_name": "G"}), 400)
    assert line["machine"] == "2 × G" and "memory_mb" not in line["measured"]
    assert line["estimated"]["seconds"] == bounds(1000)


def test_baselines_and_benchmarks_are_noted(tmp_path: Path) -> None:
    cores = {**CPU, "cores": environment()["cpus"]}
    plan = write_plan(tmp_path, machine=cores)
    parts = {"libraries": bounds(200), "table": bounds(100)}
    document = read_json(plan.path / "plan.json")
    document["baselines"] = [{"name": "logistic", "parts": parts, "total": bounds(330)}]
    with write_artifact(plan.path, "plan", run_id="p", config=plan.manifest.config, inputs={}, seeds={}) as made:
        write_json(made / "plan.json", document)
    records = [
        ({"name": name, "seconds": 2.0, "peak_memory_mb": 310.0}, {"kind": name}) for name in ("majority", "logistic")
    ]
    note_baselines(tmp_path / "runs", "b1", records, plan.path)
    served = {"latency_s": {"p95": 0.2}, "requests_per_s": 9.0}
    note_bench(tmp_path / "runs", "s1", {"kind": "logistic"}, "in_process", {
        "single": served, "concurrency": [served], "memory_mb": 90.0
    })  # fmt: skip
    majority, logistic, bench = read(tmp_path / "runs")
    assert majority["estimated"] == {} and majority["measured"]["seconds"] == 2.0
    assert (logistic["run_id"], logistic["family"]) == ("b1/logistic", "logistic")
    assert (logistic["estimated"]["memory_mb"], logistic["told"]["memory_mb"]) == (bounds(300), bounds(330))
    assert bench["served"] == {"engine": "in_process", "p95_s": 0.2, "requests_per_s": 9.0, "memory_mb": 90.0}


def test_the_newest_line_of_a_run_counts_and_a_torn_one_does_not(tmp_path: Path) -> None:
    append(tmp_path, {"run_id": "a", "n": 1})
    append(tmp_path, {"run_id": "b", "n": 2})
    (path,) = (tmp_path / FOLDER).iterdir()
    with path.open("a") as file:
        file.write('{"run_id": "c", "n"')
    append(tmp_path, {"run_id": "a", "n": 3})
    assert read(tmp_path) == [{"run_id": "b", "n": 2}, {"run_id": "a", "n": 3}]


def test_what_is_kept_is_bounded_and_the_newest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calibration, "FULL_BYTES", 1000)
    for number in range(200):
        append(tmp_path, {"run_id": f"r{number}", "time": number})
    files = list((tmp_path / FOLDER).iterdir())
    assert len(files) == calibration.KEPT and sum(path.stat().st_size for path in files) < 2200
    kept = [line["time"] for line in read(tmp_path)]
    assert kept == list(range(kept[0], 200)) and len(kept) > 25


def test_many_writers_lose_nothing(tmp_path: Path) -> None:
    code = "import sys; from pathlib import Path; from shipworthy.core.calibration import append\n"
    code += "for i in range(40): append(Path(sys.argv[1]), {'run_id': f'{sys.argv[2]}-{i}', 'pad': 'x' * 700})"
    writers = [subprocess.Popen([sys.executable, "-c", code, str(tmp_path), str(n)]) for n in range(4)]
    assert [one.wait() for one in writers] == [0] * 4
    assert len(read(tmp_path)) == 160
