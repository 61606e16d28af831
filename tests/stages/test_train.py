"""The train stage on a tiny model: repeatable, resumable, and obedient to the plan."""

import json
import shutil
import subprocess
import sys
import threading
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from safetensors.torch import load_file, save_file

import shipworthy.stages.train as stage
from shipworthy.architect.compute.schema import Machine
from shipworthy.config.load import as_dict
from shipworthy.core import events
from shipworthy.core.artifact import read_artifact, write_artifact
from shipworthy.core.errors import ShipworthyError, UsageError
from shipworthy.core.files import read_json, sha256_of_file, write_json
from shipworthy.core.interrupt import PRUNED, StopRequestedError, ask, withdraw
from shipworthy.core.sources.schema import Folder
from shipworthy.core.workspace import Workspace
from shipworthy.evaluation.tasks.text_to_text.schema import TextToText
from shipworthy.execution import node
from shipworthy.launch.status import Status
from shipworthy.models.adapters.schema import Lora
from shipworthy.models.causal_lm.chat import Chat
from shipworthy.models.causal_lm.schema import CausalLM
from shipworthy.models.causal_lm.weights import fetch
from shipworthy.models.dataset import seen
from shipworthy.stages.trace import run as trace
from shipworthy.track.reproduce import restore
from shipworthy.track.runs import notes
from shipworthy.track.runs.project_paths import ProjectPaths
from shipworthy.track.runs.registry import find
from shipworthy.track.runs.show import lines
from shipworthy.track.trackers.none import NoTracker
from shipworthy.track.trackers.schema import NoTracker as NoTrackerConfig
from shipworthy.train.continuation import origin
from shipworthy.train.monitor.schema import Forgetting, Monitor, Patience
from shipworthy.train.objectives.schema import SupervisedFineTuning
from shipworthy.train.optimizers.schema import AdamW
from shipworthy.train.replay.schema import Replay
from shipworthy.train.schedules.schema import Cosine
from shipworthy.train.schema import LightningTrainer
from shipworthy.train.strategies.schema import DDP
from tests.tiny import write_model

TASK = TextToText(name="t", description="d", prompt="{text}", max_new_tokens=6, baselines=["majority"])
FEW = Forgetting(questions=1, during=1, new_tokens=3)
TRAINER = LightningTrainer(
    batch_size=2,
    steps=6,
    validate_every=3,
    validation_rows=2,
    checkpoint_every=1,
    keep=2,
    threads=1,
    monitor=Monitor(forgetting=FEW),
)
MIXED = replace(TRAINER, replay=Replay(share=0.4, new_tokens=3))
IMPATIENT = replace(
    TRAINER, validate_every=1, monitor=Monitor(forgetting=FEW, patience=Patience(action="finish", validations=2))
)


@pytest.fixture
def model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> CausalLM:
    monkeypatch.setenv("SHIPWORTHY_CACHE", str(tmp_path / "cache"))
    config = CausalLM(name="tiny", licence="none", source=Folder(path=str(write_model(tmp_path / "hub"))))
    fetch(config)
    return config


def dataset(model: CausalLM, folder: Path) -> None:
    chat = Chat(Path(model.source.path))
    texts = [f"Deletes a thing number {i}." for i in range(10)]
    rows = pl.DataFrame(
        {
            "id": [str(i) for i in range(10)],
            "cluster": list(range(10)),
            "text": texts,
            "answer": [f"Del{i}" for i in range(10)],
            "prompt_ids": [chat.prompt_ids("", text) for text in texts],
            "answer_ids": [chat.answer_ids(f"Del{i}") for i in range(10)],
        }
    )
    with write_artifact(folder / "dataset", "dataset", run_id="d", config={}, inputs={}, seeds={}) as target:
        rows[:8].write_parquet(target / "train.parquet")
        rows[8:].write_parquet(target / "validation.parquet")
        rows[8:].drop("answer", "answer_ids").write_parquet(target / "test.parquet")


def dataset_of(model: CausalLM, folder: Path) -> Path:
    dataset(model, folder / "artifacts")
    return folder / "artifacts" / "dataset"


def plan(folder: Path, fits: bool) -> None:
    with write_artifact(folder / "plan", "plan", run_id="p", config={}, inputs={}, seeds={}) as target:
        write_json(target / "fits.json", {"fits": fits, "reasons": [] if fits else ["it needs 99 GB"]})


def train(
    model: CausalLM, folder: Path, trainer: LightningTrainer = TRAINER, publish: bool = True, **how: Any
) -> Workspace:
    root = folder / "artifacts"
    if not (root / "dataset").exists():
        dataset(model, root)
    if not (root / "plan").exists():
        plan(root, fits=True)
    parts = {
        "task": TASK,
        "model": model,
        "adapter": Lora(rank=2, alpha=4, dropout=0.1),
        "trainer": trainer,
        "optimizer": AdamW(lr=0.01),
        "schedule": Cosine(),
        "strategy": DDP(),
        "objective": SupervisedFineTuning(),
        "tracker": NoTrackerConfig(),
    }
    config: dict[str, Any] = {name: as_dict(part) for name, part in parts.items()}
    asked = {"sample": "", "preflight": "off", "resume": "auto", "validation_share": 1.0, "note": "", **how}
    config |= {name: asked[name] for name in ("sample", "validation_share")}
    workspace = Workspace(root=root, command="train", config=config, seed=3, publish=publish)
    stage.run(**parts, **asked, compute=Machine(price_per_hour=2.0), seed=3, workspace=workspace)  # type: ignore[arg-type]
    return workspace


def weights(folder: Path) -> str:
    return sha256_of_file(folder / "adapter" / "adapter_model.safetensors")


def test_twice_gives_the_same_weights(model: CausalLM, tmp_path: Path) -> None:
    train(model, tmp_path / "a")
    train(model, tmp_path / "b")
    first = read_artifact(tmp_path / "a" / "artifacts" / "checkpoint", "checkpoint")
    assert weights(first.path) == weights(tmp_path / "b" / "artifacts" / "checkpoint")
    history = first.json("history.json")
    assert [entry["step"] for entry in history] == [1, 2, 3, 4, 5, 6]
    assert [entry["step"] for entry in history if "val_metric" in entry] == [3, 6]
    assert first.json("training.json")["selected_step"] in (3, 6)


@pytest.mark.parametrize(("broken_at", "trainer"), [(1, TRAINER), (3, TRAINER), (5, TRAINER), (4, MIXED)])
def test_an_interrupted_run_goes_on_to_the_same_weights(
    model: CausalLM, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, broken_at: int, trainer: LightningTrainer
) -> None:
    train(model, tmp_path / "whole", trainer)

    def break_down(self: NoTracker, metrics: Mapping[str, float], step: int) -> None:
        if step == broken_at:
            raise RuntimeError("cut")

    with monkeypatch.context() as patch:
        patch.setattr(NoTracker, "log", break_down)
        with pytest.raises(RuntimeError, match="cut"):
            train(model, tmp_path / "cut", trainer)
    assert not (tmp_path / "cut" / "artifacts" / "checkpoint").exists()
    train(model, tmp_path / "cut", trainer)
    cut, whole = (tmp_path / name / "artifacts" / "checkpoint" for name in ("cut", "whole"))
    assert weights(cut) == weights(whole)
    steps = [[(e["step"], e["ledger"]) for e in read_json(p / "history.json")] for p in (cut, whole)]
    assert steps[0] == steps[1] and [step for step, _ in steps[0]] == [1, 2, 3, 4, 5, 6]
    assert read_json(cut / "forgetting.json") == read_json(whole / "forgetting.json")


def test_a_plan_that_does_not_fit_is_refused_unless_told(model: CausalLM, tmp_path: Path) -> None:
    plan(tmp_path / "artifacts", fits=False)
    with pytest.raises(ShipworthyError, match="it needs 99 GB.*accept_unfit_plan"):
        train(model, tmp_path)
    accepting = LightningTrainer(**{**vars(TRAINER), "accept_unfit_plan": True})
    train(model, tmp_path, accepting)
    assert (tmp_path / "artifacts" / "checkpoint" / "manifest.json").is_file()


def test_a_sweeps_job_keeps_its_checkpoint_to_itself(model: CausalLM, tmp_path: Path) -> None:
    workspace = train(model, tmp_path, publish=False)
    assert not (tmp_path / "artifacts" / "checkpoint").exists()
    assert (workspace.run_folder() / "checkpoint" / "manifest.json").is_file()


def test_fewer_rows_than_one_batch_are_refused(model: CausalLM, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="fewer than trainer.batch_size"):
        train(model, tmp_path, LightningTrainer(batch_size=99, steps=6, validate_every=3))


def test_a_sample_says_what_the_whole_would_take_and_the_whole_compares(model: CausalLM, tmp_path: Path) -> None:
    train(model, tmp_path, sample="50%")
    assert not (tmp_path / "artifacts" / "checkpoint").exists()
    told = json.loads(next((tmp_path / "runs").glob("*/sample.json")).read_text())
    assert told["rows"] == {"sample": 4, "whole": 8}
    assert told["steps"] == {"sample": 5, "timed": 4, "whole": 6}
    assert told["hours"]["low"] <= told["hours"]["value"] <= told["hours"]["high"]
    assert told["money"]["value"] == pytest.approx(2 * told["hours"]["value"])
    train(model, tmp_path)
    compared = read_artifact(tmp_path / "artifacts" / "checkpoint", "checkpoint").json("sample.json")
    assert compared["foretold_s"] == told["training_s"]
    assert compared["tokens_ratio"] == pytest.approx(1.0)


def test_resume_is_what_it_says(model: CausalLM, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="resume=must.*no checkpoint"):
        train(model, tmp_path, resume="must")
    folder = train(model, tmp_path).run_folder()
    first = (folder / "step-0000006" / "manifest.json").stat().st_mtime_ns
    train(model, tmp_path, resume="must")
    assert (folder / "step-0000006" / "manifest.json").stat().st_mtime_ns == first
    train(model, tmp_path, resume="never")
    assert (folder / "step-0000006" / "manifest.json").stat().st_mtime_ns > first


def test_preflight_only_trains_nothing(model: CausalLM, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = train(model, tmp_path, preflight="only").run_folder()
    assert "13 of 13 passed" in capsys.readouterr().out
    assert len(json.loads((folder / "preflight.json").read_text())) == 13
    assert not list(folder.glob("step-*")) and not (tmp_path / "artifacts" / "checkpoint").exists()


@pytest.mark.parametrize(
    ("trainer", "how", "made"),
    [
        (TRAINER, {"preflight": "only"}, None),
        (TRAINER, {}, 6),
        (IMPATIENT, {}, 3),
        (TRAINER, {"sample": "50%"}, 5),
    ],
)
def test_a_job_has_made_all_steps_that_it_told_of(
    model: CausalLM, tmp_path: Path, trainer: LightningTrainer, how: dict[str, str], made: int | None
) -> None:
    for name in ("first", "again"):  # where the run is done already
        status = Status(tmp_path / f"{name}.json")
        status.begin()
        with events.subscribed(status.note):
            train(model, tmp_path, trainer, publish=False, **how)
        assert (status.value.get("step"), status.value.get("steps")) == (made, made)
        node._all_steps(status)


def starts(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "starts.jsonl").read_text().splitlines()]


def test_the_record_stands_before_the_first_step_and_each_start_says_how_it_ended(
    model: CausalLM, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def disturb(self: NoTracker, metrics: Mapping[str, float], step: int) -> None:
        (folder,) = (path.parent for path in tmp_path.glob("runs/*/record.json"))
        assert (folder / "packages.txt").is_file()
        if len(starts(folder)) == 1:
            raise RuntimeError("cut")
        if step == 4:
            ask(PRUNED)

    with monkeypatch.context() as patch:
        patch.setattr(NoTracker, "log", disturb)
        with pytest.raises(RuntimeError, match="cut"):
            train(model, tmp_path, note="it may break")
        with pytest.raises(StopRequestedError):
            train(model, tmp_path)
    withdraw(PRUNED)
    folder = train(model, tmp_path, note="it holds").run_folder()
    lines = starts(folder)
    assert [line["start"] for line in lines] == [1, 1, 2, 2, 3, 3]
    ends = [(line["status"], line["said"][:3], line["step"]) for line in lines[1::2]]
    assert ends == [("failed", "cut", 1), ("pruned", "pru", 5), ("finished", "", 6)]
    record = read_json(folder / "record.json")
    assert record["began"] == lines[0]["began"], "it says how the run began"
    assert record["run_id"] == folder.name
    assert record["seeds"] == {"seed": 3, "python": 3, "numpy": 3, "torch": 3, "workers": None}
    given = [(one.text, one.start) for one in notes.history(folder)]
    assert given == [("it may break", 1), ("it holds", 3)], "each belongs to its launch"
    assert (folder / "system.jsonl").read_text().count("\n") >= 3


def test_a_share_of_the_validation_is_another_run_that_sees_no_more(model: CausalLM, tmp_path: Path) -> None:
    validation = pl.read_parquet(dataset_of(model, tmp_path) / "validation.parquet")
    share = next(n / 100 for n in range(1, 100) if seen(validation, n / 100).height == 1)
    whole, part = train(model, tmp_path), train(model, tmp_path, validation_share=share)
    assert whole.run_id != part.run_id
    ids = [pl.read_parquet(one.run_folder() / "checkpoint" / "validation.parquet")["id"] for one in (whole, part)]
    assert ids[0].to_list() == validation["id"].to_list()
    assert ids[1].to_list() == seen(validation, share)["id"].to_list()


def test_a_step_is_traced_to_its_rows(model: CausalLM, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = train(model, tmp_path).run_folder()
    seen = []
    for step in range(1, 7):
        capsys.readouterr()
        trace([str(folder), f"step={step}"])
        lines = capsys.readouterr().out.splitlines()
        assert lines[0].startswith(f"step {step} of {folder.name}: loss ")
        assert all("Deletes a thing" in line and "→ Del" in line for line in lines[1:])
        seen += [line.split()[0] for line in lines[1:]]
    assert {seen.count(str(row)) for row in range(8)} == {1, 2}  # one epoch and a half
    with pytest.raises(UsageError, match="step=7: .* has done steps 1 to 6"):
        trace([str(folder), "step=7"])
    history = json.loads((folder / "checkpoint" / "history.json").read_text())
    history[1]["ledger"] = "0" * 32
    (folder / "checkpoint" / "history.json").write_text(json.dumps(history))
    with pytest.raises(ShipworthyError, match="At step 2 .* saw other rows"):
        trace([str(folder), "step=3"])


def test_a_step_with_replayed_rows_is_traced_too(
    model: CausalLM, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    plain = train(model, tmp_path)
    mixed = train(model, tmp_path, MIXED)
    histories = [read_json(one.run_folder() / "checkpoint" / "history.json") for one in (plain, mixed)]
    assert all(entry["ledger"] != other["ledger"] for entry, other in zip(*histories, strict=True))
    capsys.readouterr()
    shown = []
    for one in (plain, mixed):
        trace([str(one.run_folder()), "step=3"])
        shown.append([line.split()[0] for line in capsys.readouterr().out.splitlines()[1:]])
    # Two rows of the task, the same as without a buffer, and 1.33 general ones a step.
    assert shown[1][:2] == shown[0] and len(shown[1]) in (3, 4)
    assert all(name.startswith("general:") and name.endswith("-practice") for name in shown[1][2:])
    found = read_json(mixed.run_folder() / "checkpoint" / "training.json")["forgetting"]
    assert found["whole"]["n"] == 9 and found["words"] in ("lost", "kept", "not shown") and found["sentence"]


def test_a_run_that_is_being_trained_is_left_alone_until_its_owner_is_gone(
    model: CausalLM, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    done = train(model, tmp_path)
    folder = done.run_folder()
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("*")}
    script = (
        "import sys, time; from pathlib import Path; from shipworthy.core.locks import own_run\n"
        "with own_run(Path(sys.argv[1])): print('owned', flush=True); time.sleep(100)"
    )
    with subprocess.Popen([sys.executable, "-c", script, str(folder)], stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout and other.stdout.readline() == "owned\n"
        ask("SIGTERM")
        with pytest.raises(StopRequestedError, match="while it waited"):
            train(model, tmp_path, resume="never")
        withdraw("SIGTERM")
        assert {path: path.stat().st_mtime_ns for path in folder.rglob("*")} == before
        threading.Timer(2.0, other.kill).start()
        train(model, tmp_path)
        assert f"waiting for process {other.pid} on " in capsys.readouterr().out


def test_a_run_goes_on_from_a_named_one_as_a_run_of_its_own(
    model: CausalLM, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first = train(model, tmp_path).run_folder()
    longer = replace(TRAINER, steps=9, continue_from=first.name[:10])
    second = train(model, tmp_path, longer)
    input_name = f"run {first.name}"
    assert second.run_id != first.name
    assert second.inputs[input_name] == read_artifact(first / "step-0000006", "resume").digest
    assert read_artifact(second.run_folder() / "checkpoint", "checkpoint").manifest.inputs == second.inputs
    capsys.readouterr()
    trace([str(second.run_folder()), "step=7"])
    assert "as the run noted it" in capsys.readouterr().out
    shown = lines(find(tmp_path / "runs", second.run_id), ProjectPaths(tmp_path / "artifacts", tmp_path / "runs"))
    assert any(line.strip().startswith(input_name) for line in shown)
    with pytest.raises(UsageError, match="trainer.batch_size=4 is 2 in run"):
        train(model, tmp_path, replace(longer, batch_size=4))
    with pytest.raises(UsageError, match="there is no run 'nowhere'"):
        train(model, tmp_path, replace(longer, continue_from="nowhere"))
    record = read_json(second.run_folder() / "record.json")
    restore._checkpoint(first, record["inputs"][input_name], tmp_path / "again" / "runs" / first.name)
    copied = origin(tmp_path / "again" / "runs" / first.name, read_json(first / "record.json"), "")
    assert copied.inputs == {input_name: second.inputs[input_name]}
    shutil.rmtree(first / "step-0000006")
    with pytest.raises(ShipworthyError, match="a checkpoint of run .* no longer there: bring back"):
        restore._checkpoint(first, record["inputs"][input_name], tmp_path / "later")


def test_other_base_weights_under_the_same_path_make_another_run(model: CausalLM, tmp_path: Path) -> None:
    first = train(model, tmp_path / "work")
    weights_file = Path(model.source.path) / "model.safetensors"
    save_file({name: 2 * value for name, value in load_file(weights_file).items()}, weights_file)
    fetch(model)
    again = train(model, tmp_path / "work", resume="auto")
    assert again.run_id != first.run_id, "it does not go on from a checkpoint of other weights"
    assert again.inputs["dataset"] == first.inputs["dataset"] and again.inputs["base weights"]
