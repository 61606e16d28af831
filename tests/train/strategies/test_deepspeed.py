"""ZeRO-1 and 2 train as one process does, are killed, and go on; where DeepSpeed is installed."""

import importlib.util
import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from shipworthy.core.errors import UsageError
from shipworthy.models.adapters.schema import Lora, NoAdapter
from shipworthy.models.causal_lm.schema import CausalLM
from shipworthy.train.lightning.checkpoints import read_tensors
from shipworthy.train.monitor.schema import Explosion
from shipworthy.train.strategies.build import build
from shipworthy.train.strategies.schema import DeepSpeed
from tests.train.lightning.runs import TRAINER, Cut, CutAt, model_in, run

INSTALLED = pytest.mark.skipif(importlib.util.find_spec("deepspeed") is None, reason="DeepSpeed is not installed")
UNEVEN = {"batch_size": 3, "micro_batch_size": 1, "lr": 0.003}
"""Of the three micro-batches of a step one process computes one, the other two."""
CAREFUL = Explosion(action="skip", times=1.2, warm_up=2, window=2)
CASES = {"lora 2": (Lora(rank=2, alpha=4), 2), "full 1": (NoAdapter(), 1), "full 2": (NoAdapter(), 2)}


@pytest.fixture
def model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> CausalLM:
    monkeypatch.setenv("SHIPWORTHY_CACHE", str(tmp_path / "cache"))
    return model_in(tmp_path / "hub")


def history(folder: Path) -> list[dict[str, Any]]:
    return json.loads((folder / "done" / "history.json").read_text(encoding="utf-8"))


@INSTALLED
@pytest.mark.parametrize("case", CASES)
def test_two_processes_have_the_loss_curve_of_one(model: CausalLM, tmp_path: Path, case: str) -> None:
    adapter, stage = CASES[case]
    # A step that is left out must not be added to the next one.
    careful = {"monitor": replace(TRAINER.monitor, explosion=CAREFUL)}
    run(model, tmp_path / "one", adapter=adapter, **UNEVEN, **careful)
    run(model, tmp_path / "two", adapter=adapter, strategy=DeepSpeed(stage=stage), devices=2, **UNEVEN, **careful)
    one, two = history(tmp_path / "one"), history(tmp_path / "two")
    for key in ("ledger", "tokens", "supervised_tokens", "skipped"):
        assert [entry.get(key) for entry in one] == [entry.get(key) for entry in two], key
    for key in ("loss", "grad_norm", "val_loss"):
        assert [e[key] for e in one if key in e] == pytest.approx([e[key] for e in two if key in e], rel=1e-4), key


@INSTALLED
def test_a_run_that_is_killed_goes_on_bit_for_bit_on_as_many_processes(model: CausalLM, tmp_path: Path) -> None:
    how: dict[str, Any] = {"adapter": NoAdapter(), "strategy": DeepSpeed(), **UNEVEN}
    run(model, tmp_path / "undisturbed", devices=2, **how)
    with pytest.raises(Cut):
        run(model, tmp_path / "cut", devices=2, records=CutAt(4), **how)
    with pytest.raises(UsageError, match="is of 2 processes, each with moments of its own: go on with as many"):
        run(model, tmp_path / "cut", devices=1, **how)
    run(model, tmp_path / "cut", devices=2, **how)
    left, right = (read_tensors(sorted((tmp_path / n).glob("step-*"))[-1]) for n in ("undisturbed", "cut"))
    assert left.keys() == right.keys()
    assert all(torch.equal(left[name], right[name]) for name in left if not name.startswith("random"))
    assert {name.partition(".")[0] for name in left} >= {"optimizer-0-of-2", "optimizer-1-of-2"}


def test_what_is_missing_is_said_with_its_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "deepspeed", None)
    with pytest.raises(UsageError, match="needs DeepSpeed, which is not installed: `pip install .*or take strategy=fs"):
        build(DeepSpeed())


def test_stage_3_is_another_strategy() -> None:
    with pytest.raises(UsageError, match="strategy.stage=3 must be 1 or 2: what stage 3 divides, strategy=fsdp does"):
        DeepSpeed(stage=3)
