"""The train stage on a tiny model: repeatable, resumable, and obedient to the plan."""

import json
from collections.abc import Mapping
from pathlib import Path

import polars as pl
import pytest

import shipworthy.stages.train as stage
from shipworthy.config import as_dict
from shipworthy.core.artifact import read_artifact, write_artifact
from shipworthy.core.errors import ShipworthyError, UsageError
from shipworthy.core.files import sha256_of_file, write_json
from shipworthy.core.workspace import Workspace
from shipworthy.evaluation.tasks.schema import TextToText
from shipworthy.models.causal_lm.chat import Chat
from shipworthy.models.causal_lm.schema import CausalLM
from shipworthy.models.causal_lm.weights import fetch
from shipworthy.track.trackers.none import NoTracker
from shipworthy.track.trackers.schema import NoTracker as NoTrackerConfig
from shipworthy.train.adapters.schema import Lora
from shipworthy.train.schema import AdamW, LightningTrainer
from tests.tiny import write_model

TASK = TextToText(name="t", description="d", prompt="{text}", max_new_tokens=3, baselines=["majority"])
TRAINER = LightningTrainer(
    batch_size=2, steps=6, validate_every=3, validation_rows=2, checkpoint_every=1, keep=2, threads=1
)


@pytest.fixture
def model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> CausalLM:
    monkeypatch.setenv("SHIPWORTHY_CACHE", str(tmp_path / "cache"))
    config = CausalLM(name="tiny", licence="none", hub=str(write_model(tmp_path / "hub")))
    fetch(config)
    return config


def dataset(model: CausalLM, folder: Path) -> None:
    chat = Chat(Path(model.hub))
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


def plan(folder: Path, fits: bool) -> None:
    with write_artifact(folder / "plan", "plan", run_id="p", config={}, inputs={}, seeds={}) as target:
        write_json(target / "fits.json", {"fits": fits, "reasons": [] if fits else ["it needs 99 GB"]})


def train(model: CausalLM, folder: Path, trainer: LightningTrainer = TRAINER, publish: bool = True) -> Workspace:
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
        "tracker": NoTrackerConfig(),
    }
    config = {name: as_dict(part) for name, part in parts.items()}
    workspace = Workspace(root=root, command="train", config=config, seed=3, publish=publish)
    stage.run(**parts, seed=3, workspace=workspace)  # type: ignore[arg-type]
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


@pytest.mark.parametrize("broken_at", [1, 3, 5])
def test_an_interrupted_run_goes_on_to_the_same_weights(
    model: CausalLM, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, broken_at: int
) -> None:
    train(model, tmp_path / "whole")

    def break_down(self: NoTracker, metrics: Mapping[str, float], step: int) -> None:
        if step == broken_at:
            raise RuntimeError("cut")

    with monkeypatch.context() as patch:
        patch.setattr(NoTracker, "log", break_down)
        with pytest.raises(RuntimeError, match="cut"):
            train(model, tmp_path / "cut")
    assert not (tmp_path / "cut" / "artifacts" / "checkpoint").exists()
    train(model, tmp_path / "cut")
    cut, whole = (tmp_path / name / "artifacts" / "checkpoint" for name in ("cut", "whole"))
    assert weights(cut) == weights(whole)
    steps = [[e["step"] for e in json.loads((p / "history.json").read_text())] for p in (cut, whole)]
    assert steps[0] == steps[1] == [1, 2, 3, 4, 5, 6]


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
