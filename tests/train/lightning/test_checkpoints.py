"""A checkpoint is whole or skipped, and what is restored is what was saved."""

from pathlib import Path

import pytest
import torch

from shipworthy.models.causal_lm.network import load_network
from shipworthy.train.adapters.build import build
from shipworthy.train.adapters.schema import Lora
from shipworthy.train.lightning.batches import Row, collate
from shipworthy.train.lightning.checkpoints import newest, prune, reseed, restore, save
from shipworthy.train.lightning.module import AnswerTuning
from shipworthy.train.optimizers import build as build_optimizer
from shipworthy.train.schema import AdamW
from tests.tiny import write_model

BATCH = collate([Row([1, 30, 40], [60, 2]), Row([1, 31], [61, 2])], pad_id=0)


def steps(module: AnswerTuning, optimizer: torch.optim.Optimizer, count: int) -> None:
    for _ in range(count):
        module.loss(BATCH).backward()
        optimizer.step()
        optimizer.zero_grad()


def make(folder: Path, dropout: float = 0.1) -> AnswerTuning:
    network = build(load_network(folder), Lora(rank=2, alpha=4, dropout=dropout), seed=1).train()
    return AnswerTuning(network, AdamW(), steps=10, clip=1.0)


def adapter(module: AnswerTuning) -> list[torch.Tensor]:
    return [p.detach().clone() for p in module.parameters() if p.requires_grad]


def test_going_on_from_a_checkpoint_gives_the_same_weights(tmp_path: Path) -> None:
    model = write_model(tmp_path / "model")
    undisturbed = make(model)
    optimizer, schedule = build_optimizer(undisturbed.parameters(), AdamW(), 10)
    steps(undisturbed, optimizer, 3)
    state = {"step": 3, "optimizer": optimizer.state_dict(), "schedule": schedule.state_dict(), "progress": {}}
    save(tmp_path / "run", "id", 1, undisturbed.network, state)
    steps(undisturbed, optimizer, 3)

    resumed = make(model)
    checkpoint = newest(tmp_path / "run")
    assert checkpoint is not None
    restored = restore(checkpoint, resumed.network)
    optimizer, _ = build_optimizer(resumed.parameters(), AdamW(), 10)
    optimizer.load_state_dict(restored["optimizer"])
    reseed(restored["random"])
    steps(resumed, optimizer, 3)
    assert restored["step"] == 3
    assert all(torch.equal(a, b) for a, b in zip(adapter(undisturbed), adapter(resumed), strict=True))


def test_a_damaged_checkpoint_is_skipped_with_a_warning(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    module = make(write_model(tmp_path / "model"))
    optimizer, schedule = build_optimizer(module.parameters(), AdamW(), 10)
    for step in (1, 2, 3):
        steps(module, optimizer, 1)
        state = {"step": step, "optimizer": optimizer.state_dict(), "schedule": schedule.state_dict(), "progress": {}}
        save(tmp_path / "run", "id", 1, module.network, state)
    prune(tmp_path / "run", keep=2)
    assert sorted(p.name for p in (tmp_path / "run").iterdir()) == ["step-0000002", "step-0000003"]
    weights = tmp_path / "run" / "step-0000003" / "adapter.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1])
    checkpoint = newest(tmp_path / "run")
    assert checkpoint is not None and checkpoint.path.name == "step-0000002"
    assert "damaged" in capsys.readouterr().out
