"""A checkpoint is whole or skipped, what is restored is what was saved, and any number of processes reads it."""

import errno
import multiprocessing
import os
from pathlib import Path

import pytest
import torch
import torch.distributed as dist

import shipworthy.train.lightning.checkpoints as checkpoints
from shipworthy.core.errors import ShipworthyError
from shipworthy.models.adapters.build import build
from shipworthy.models.adapters.network import trained_of
from shipworthy.models.adapters.schema import Lora
from shipworthy.models.causal_lm.network import load_network
from shipworthy.models.causal_lm.packed import Row, pack, token_losses
from shipworthy.train.lightning.checkpoints import (
    Saver,
    newest,
    read_tensors,
    reseed,
    restore,
    snapshot,
    state_of,
    write_tensors,
)
from shipworthy.train.optimizers.build import build as build_optimizer
from shipworthy.train.optimizers.schema import AdamW
from tests.tiny import write_model

PACK = pack([Row([1, 30, 40], [60, 2]), Row([1, 31], [61, 2])])
STATE = {"groups": [], "schedule": {}, "progress": {"best": None}}


class Small:
    """A network with dropout, and its optimizer."""

    def __init__(self, folder: Path) -> None:
        self.network = build(load_network(folder), Lora(rank=2, alpha=4, dropout=0.1), seed=1).train()
        self.trained = [p for p in self.network.parameters() if p.requires_grad]
        self.optimizer = build_optimizer(trained_of(self.network).items(), AdamW())

    def steps(self, count: int) -> None:
        for _ in range(count):
            token_losses(self.network.get_base_model(), PACK).mean().backward()
            self.optimizer.step()
            self.optimizer.zero_grad()

    def weights(self) -> list[torch.Tensor]:
        return [p.detach().clone() for p in self.trained]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_model(tmp_path_factory.mktemp("tiny"))


def saver(run: Path, keep: int = 2, unsaved: str = "stop") -> Saver:
    return Saver(run, "id", 1, keep, unsaved)


def test_going_on_from_a_checkpoint_gives_the_same_weights(folder: Path, tmp_path: Path) -> None:
    undisturbed = Small(folder)
    undisturbed.steps(3)
    saving = saver(tmp_path)
    groups = undisturbed.optimizer.state_dict()["param_groups"]
    saving.save(snapshot(undisturbed.network, undisturbed.optimizer), {**STATE, "step": 3, "groups": groups})
    undisturbed.steps(3)  # while it is being written
    saving.wait()

    resumed, checkpoint = Small(folder), newest(tmp_path)
    assert checkpoint is not None
    tensors, state = read_tensors(checkpoint.path), state_of(checkpoint)
    restore(tensors, state["groups"], resumed.network, resumed.optimizer)
    reseed(tensors)
    resumed.steps(3)
    assert state["step"] == 3
    assert all(torch.equal(a, b) for a, b in zip(undisturbed.weights(), resumed.weights(), strict=True))


def fill(run: Path, small: Small, steps: list[int], keep: int) -> None:
    saving = saver(run, keep)
    for step in steps:
        saving.save(snapshot(small.network, small.optimizer), {**STATE, "step": step})
    saving.wait()


def test_the_newest_and_the_first_are_kept_and_a_damaged_one_is_skipped(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fill(tmp_path, Small(folder), [0, 1, 2, 3, 4], keep=2)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["step-0000000", "step-0000003", "step-0000004"]
    weights = next((tmp_path / "step-0000004").glob("*.safetensors"))
    weights.write_bytes(weights.read_bytes()[:-1])
    checkpoint = newest(tmp_path)
    assert checkpoint is not None and checkpoint.path.name == "step-0000003"
    assert "damaged" in capsys.readouterr().out
    before = newest(tmp_path, before=3)
    assert before is not None and before.path.name == "step-0000000"


def test_best_adapters_go_when_a_checkpoint_knows_better_ones(folder: Path, tmp_path: Path) -> None:
    for step in (10, 20, 40):
        (tmp_path / f"best-{step:07d}").mkdir()
    small, saving = Small(folder), saver(tmp_path)
    saving.save(snapshot(small.network, small.optimizer), {**STATE, "step": 30, "progress": {"best": [0.5, 20]}})
    saving.wait()
    assert sorted(p.name for p in tmp_path.glob("best-*")) == ["best-0000020", "best-0000040"]


@pytest.mark.parametrize("unsaved", ["warn", "stop"])
def test_a_disk_that_fills_while_saving(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], unsaved: str
) -> None:
    small = Small(folder)
    fill(tmp_path, small, [1], keep=2)
    whole = checkpoints.write_tensors

    def full(target: Path, *arguments: object) -> None:
        whole(target, *arguments)  # type: ignore[arg-type]
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(target))

    monkeypatch.setattr(checkpoints, "write_tensors", full)
    saving = saver(tmp_path, unsaved=unsaved)
    saving.save(snapshot(small.network, small.optimizer), {**STATE, "step": 2})
    if unsaved == "stop":
        with pytest.raises(ShipworthyError, match="step 2 could not be written.*No space left.*free some space"):
            saving.wait()
    else:
        saving.wait()
        assert "step 2 could not be written" in capsys.readouterr().out
    assert [p.name for p in tmp_path.iterdir()] == ["step-0000001"]
    monkeypatch.undo()
    saving.save(snapshot(small.network, small.optimizer), {**STATE, "step": 3})
    saving.wait()
    assert newest(tmp_path).path.name == "step-0000003"  # type: ignore[union-attr]


def write_part(rank: int, world: int, port: int, folder: Path) -> None:
    """One process's part of a network that is divided among several."""
    os.environ.update(MASTER_ADDR="127.0.0.1", MASTER_PORT=str(port))
    dist.init_process_group("gloo", rank=rank, world_size=world)
    from torch.distributed.tensor import Shard, distribute_tensor, init_device_mesh

    mesh = init_device_mesh("cpu", (world,))
    divided = distribute_tensor(torch.arange(24.0).view(6, 4), mesh, [Shard(0)])
    tensors = {"divided": divided, "everywhere": torch.ones(3), f"random.{rank}": torch.tensor([rank])}
    write_tensors(folder, tensors, dist.group.WORLD)
    dist.destroy_process_group()


def test_parts_of_three_processes_are_read_by_one(tmp_path: Path) -> None:
    context, port = multiprocessing.get_context("spawn"), 29000 + os.getpid() % 1000
    processes = [context.Process(target=write_part, args=(rank, 3, port, tmp_path)) for rank in range(3)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0, 0, 0]
    assert len(list(tmp_path.glob("*.safetensors"))) == 3
    tensors = read_tensors(tmp_path)
    assert torch.equal(tensors["divided"], torch.arange(24.0).view(6, 4))
    assert sorted(tensors) == ["divided", "everywhere", "random.0", "random.1", "random.2"]
