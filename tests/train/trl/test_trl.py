"""TRL on our rows: the same losses, gradients and weights as our own trainer, and the same kind of checkpoint."""

import subprocess
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import torch
from safetensors.torch import load_file

from shipworthy.core.errors import ShipworthyError, UsageError
from shipworthy.core.files import read_json
from shipworthy.core.groups import AdapterConfig
from shipworthy.core.interrupt import StopRequestedError, ask, withdraw
from shipworthy.models.adapters.schema import Lora, NoAdapter
from shipworthy.models.build import load
from shipworthy.models.causal_lm.schema import CausalLM
from shipworthy.train.lightning import fit as ours
from shipworthy.train.lightning.training_state import Request
from shipworthy.train.monitor.schema import Monitor, Patience
from shipworthy.train.optimizers.schema import SGD, AdamW
from shipworthy.train.records import NoRecords
from shipworthy.train.replay.schema import Replay
from shipworthy.train.schedules.schema import Constant
from shipworthy.train.trl import fit as theirs
from shipworthy.train.trl import trainer_process
from shipworthy.train.trl.schema import TRLTrainer
from tests.train.lightning import runs

TRAINER = TRLTrainer(
    batch_size=4, micro_batch_size=2, steps=6, validate_every=3, validation_rows=2, threads=1, clip=1e9
)


@pytest.fixture
def model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> CausalLM:
    monkeypatch.setenv("SHIPWORTHY_CACHE", str(tmp_path / "cache"))
    return runs.model_in(tmp_path / "hub")


@pytest.fixture(scope="session")
def python() -> Path:
    return trainer_process.interpreter()  # before the cache is another one


@pytest.fixture
def built(python: Path, model: CausalLM, monkeypatch: pytest.MonkeyPatch) -> CausalLM:
    """The model, and TRL beside it."""
    monkeypatch.setattr(trainer_process, "interpreter", lambda: python)
    return model


def asked(model: CausalLM, folder: Path, **changes: Any) -> Request:
    made = runs.request(model, folder, runs.rows(model))
    return replace(made, trainer=TRAINER, schedule=Constant(warmup=0), **changes)


def train(way: Any, request: Request, records: Any = None) -> Path:
    request.run.mkdir(parents=True, exist_ok=True)
    target = request.run / "done"
    target.mkdir(exist_ok=True)
    way.fit(request, records or NoRecords(), target)
    return target


def both(model: CausalLM, folder: Path, **changes: Any) -> tuple[Path, Path]:
    """The results of our own trainer and of TRL, asked for the same."""
    trainer = changes.pop("trainer", TRAINER)
    request = replace(asked(model, folder / "theirs", **changes), trainer=trainer)
    own = {name: getattr(trainer, name) for name in ("steps", "validate_every", "clip")}
    mine = replace(request, run=folder / "ours", trainer=replace(runs.TRAINER, **own))
    return train(ours, mine), train(theirs, request)


def tensors(folder: Path) -> Mapping[str, torch.Tensor]:
    return {name: t for path in sorted(folder.rglob("*.safetensors")) for name, t in load_file(path).items()}


@pytest.mark.e2e
@pytest.mark.parametrize("adapter", [Lora(rank=2, alpha=4), NoAdapter()], ids=["lora", "none"])
def test_losses_and_gradients_are_ours(built: CausalLM, tmp_path: Path, adapter: AdapterConfig) -> None:
    """One step of plain descent at a rate of 1: what the weights lose is the gradient."""
    descent = SGD(lr=1.0, momentum=0.0)
    trainer = replace(TRAINER, steps=1, validate_every=1)
    own, trl = both(built, tmp_path, adapter=adapter, optimizer=descent, trainer=trainer)
    (mine,), (other,) = (read_json(folder / "history.json") for folder in (own, trl))
    assert other["loss"] == pytest.approx(mine["loss"], abs=1e-4)
    assert other["grad_norm"] == pytest.approx(mine["grad_norm"], rel=1e-4)
    assert [other[name] for name in ("ledger", "tokens", "supervised_tokens")] == [
        mine[name] for name in ("ledger", "tokens", "supervised_tokens")
    ]
    weights, others = tensors(own), tensors(trl)
    assert weights.keys() == others.keys()
    for name, tensor in weights.items():
        torch.testing.assert_close(others[name], tensor, atol=1e-4, rtol=1e-4)


@pytest.mark.e2e
def test_a_run_is_as_ours_and_goes_on_when_it_was_killed(built: CausalLM, tmp_path: Path) -> None:
    changes: dict[str, Any] = {"optimizer": AdamW(lr=0.01, weight_decay=0.1), "adapter": Lora(rank=2, alpha=4)}
    own, trl = both(built, tmp_path, **changes)
    histories = [read_json(folder / "history.json") for folder in (own, trl)]
    for mine, other in zip(*histories, strict=True):
        assert other["loss"] == pytest.approx(mine["loss"], abs=1e-3) and other["lr"] == mine["lr"]
        assert other["ledger"] == mine["ledger"]
    assert [entry["step"] for entry in histories[1] if "val_loss" in entry] == [3, 6]
    training = read_json(trl / "training.json")
    assert training["selected_step"] in (3, 6) and training["steps"] == 6 and training["selected_by"] == "val_loss"
    assert {"generation.json", "validation.parquet", "adapter"} <= {path.name for path in trl.iterdir()}
    (answer,) = load(trl).predict(runs.rows(built)[-2:-1].drop("answer", "answer_ids"))
    assert answer.text == pl.read_parquet(trl / "validation.parquet")["prediction"][0]
    killed = asked(built, tmp_path / "killed", **changes)
    with pytest.raises(runs.Cut):
        train(theirs, killed, runs.CutAt(5))
    assert [path.name for path in (killed.run / "trl").glob("checkpoint-*")] == ["checkpoint-3"]
    again = train(theirs, killed)
    assert all(torch.equal(tensor, tensors(again)[name]) for name, tensor in tensors(trl).items())
    assert [entry["loss"] for entry in read_json(again / "history.json")] == [one["loss"] for one in histories[1]]


class Asks(NoRecords):
    """Asks this process to stop, as a signal does, when a step is recorded."""

    def log(self, metrics: object, step: int) -> None:
        if step == 2:
            ask("SIGTERM")


@pytest.mark.e2e
def test_a_run_that_is_asked_to_stop_saves_its_step(built: CausalLM, tmp_path: Path) -> None:
    request = asked(built, tmp_path / "run", optimizer=AdamW(lr=0.01))
    long = replace(request, trainer=replace(TRAINER, steps=500, validate_every=500))
    try:
        with pytest.raises(StopRequestedError, match="stopped by SIGTERM: TRL's step is saved; run it again to go on"):
            train(theirs, long, Asks())
    finally:
        withdraw("SIGTERM")
    (kept,) = (long.run / "trl").glob("checkpoint-*")
    assert 2 <= int(kept.name.rpartition("-")[2]) < 500 and (kept / "trainer_state.json").is_file()


def test_without_trl_a_sentence_says_how_to_get_it(model: CausalLM, tmp_path: Path) -> None:
    with pytest.raises(ShipworthyError, match="TRL is not built in .*: run toolchains/trl/build"):
        train(theirs, asked(model, tmp_path / "run"))


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"packing": "on"}, "trainer.packing is not supported with trainer=trl"),
        ({"replay": Replay(share=0.1)}, "trainer.replay is not supported"),
        ({"monitor": Monitor(patience=Patience(action="warn"))}, "trainer.monitor is not supported"),
        ({"continue_from": "abc"}, "trainer.continue_from is not supported"),
        ({"activation_checkpointing": "selective"}, "take full or none"),
        ({"batch_size": 9}, "trainer.batch_size=9 is no multiple of trainer.micro_batch_size=8"),
    ],
)
def test_what_trl_has_not_is_refused(changes: dict[str, Any], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        TRLTrainer(**{"steps": 400, "validate_every": 50, **changes})


@pytest.mark.e2e
def test_it_is_built_once(python: Path) -> None:
    before = python.stat().st_mtime_ns
    done = subprocess.run([sys.executable, "toolchains/trl/build"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, f"trl: ready in {python.parents[2]}\n"), done.stderr
    assert python.stat().st_mtime_ns == before
