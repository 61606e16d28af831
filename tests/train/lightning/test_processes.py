"""Two processes compute what one computes, to the last bit, and a run goes on with another number of them."""

import json
import multiprocessing
import os
import signal
import time
from pathlib import Path

import psutil
import pytest
import torch

from shipworthy.core.errors import ShipworthyError
from shipworthy.models.causal_lm.schema import CausalLM
from shipworthy.train.records import NoRecords
from tests.train.lightning.runs import Cut, CutAt, adapter_hash, model_in, run, weights


@pytest.fixture
def model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> CausalLM:
    monkeypatch.setenv("SHIPWORTHY_CACHE", str(tmp_path / "cache"))
    return model_in(tmp_path / "hub")


def history(folder: Path) -> list[dict[str, object]]:
    return json.loads((folder / "done" / "history.json").read_text())


def same(one: Path, other: Path) -> bool:
    """Adapter and moments; each process's random state is its own."""
    left, right = weights(one), weights(other)
    names = {name for name in left if not name.startswith("random")}
    assert names == {name for name in right if not name.startswith("random")}
    return all(torch.equal(left[name], right[name]) for name in names)


def test_two_processes_end_with_the_weights_of_one(model: CausalLM, tmp_path: Path) -> None:
    run(model, tmp_path / "one")
    run(model, tmp_path / "two", devices=2)
    assert same(tmp_path / "one", tmp_path / "two")
    assert adapter_hash(tmp_path / "one") == adapter_hash(tmp_path / "two")
    one, two = history(tmp_path / "one"), history(tmp_path / "two")
    for key in ("ledger", "loss", "grad_norm", "tokens", "val_metric", "val_loss"):
        assert [entry.get(key) for entry in one] == [entry.get(key) for entry in two], key
    assert {name for name in weights(tmp_path / "two") if name.startswith("random")} == {"random.0.cpu", "random.1.cpu"}


@pytest.mark.parametrize(("first", "second"), [(2, 1), (1, 2)])
def test_a_run_goes_on_with_another_number_of_processes(
    model: CausalLM, tmp_path: Path, first: int, second: int
) -> None:
    run(model, tmp_path / "whole")
    with pytest.raises(Cut):
        run(model, tmp_path / "cut", devices=first, records=CutAt(4))
    run(model, tmp_path / "cut", devices=second)
    assert same(tmp_path / "whole", tmp_path / "cut")
    assert [e["ledger"] for e in history(tmp_path / "whole")] == [e["ledger"] for e in history(tmp_path / "cut")]


class KillFollower(NoRecords):
    """Kills the other process when a step is recorded."""

    def log(self, metrics: object, step: int) -> None:
        if step == 3:
            for child in psutil.Process().children():
                if "spawn_main" in " ".join(child.cmdline()) and child.pid in follower_pids():
                    os.kill(child.pid, signal.SIGKILL)
            time.sleep(0.2)


def follower_pids() -> set[int]:
    return {child.pid for child in multiprocessing.active_children() if child.pid}


def test_one_of_two_processes_is_killed(model: CausalLM, tmp_path: Path) -> None:
    run(model, tmp_path / "whole")
    with pytest.raises(ShipworthyError, match="Process 1 of 2 ended with -9.*run it again"):
        run(model, tmp_path / "cut", devices=2, records=KillFollower())
    assert not follower_pids()
    run(model, tmp_path / "cut", devices=2)
    assert same(tmp_path / "whole", tmp_path / "cut")
