"""Three processes that each hold a third of a network, or less: what they compute together, held against one process.

LoRA's rank is less than the number of processes, so that some hold nothing of a matrix.
"""

import json
import os
import socket
import traceback
from dataclasses import replace
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import torch
from peft import PeftModel
from torch.distributed.tensor import DTensor, distribute_tensor

from shipworthy.models.activations import checkpoint
from shipworthy.models.adapters.build import build
from shipworthy.models.adapters.network import Network, base_of, trained_of
from shipworthy.models.adapters.schema import Lora, NoAdapter
from shipworthy.models.causal_lm.fitness import make_batch
from shipworthy.models.causal_lm.packed import Row
from shipworthy.models.losses import losses
from shipworthy.models.precision import PRECISIONS
from shipworthy.train.lightning.batch_plan import micro_batches
from shipworthy.train.lightning.gradients import gradients
from shipworthy.train.lightning.processes import connect, leave
from shipworthy.train.optimizers import schema as rules
from shipworthy.train.optimizers.build import build as build_optimizer
from shipworthy.train.strategies.ddp import DataParallel
from shipworthy.train.strategies.fsdp import FullySharded
from shipworthy.train.strategies.schema import FSDP
from tests.models.causal_lm.families import tiny

WORLD = 3
FAMILIES = ("llama", "gemma2", "qwen3_moe", "gpt2", "mamba2")
RULES = {"adamw": rules.AdamW, "lion": rules.Lion, "sgd": rules.SGD, "lamb": rules.Lamb, "muon": rules.Muon}
OFF = {"muon": 5e-5}
"""How far off a weight may be: Muon's products are in 16 bits, whose sums are taken in another order."""
ROWS = [Row([1, 30 + i, 40], [60 + i, 61, 2][: 1 + i % 3]) for i in range(5)]
TOKENS = sum(len(row.answer) for row in ROWS)
CASES = [
    *(f"{family} {adapter}" for family in FAMILIES for adapter in ("lora", "full")),
    "llama full bf16_mixed",
    "llama lora bf16",
    "llama full checkpointed",
    "llama lora kept",
    *(f"rule {name}" for name in RULES),
]


def network(family: str, adapter: str, *how: str) -> Network:
    precision = PRECISIONS["bf16" if "bf16" in how else "float32"]
    found = build(
        tiny(family).to(precision.weights), NoAdapter() if adapter == "full" else Lora(rank=2, alpha=4), 1, precision
    )
    if "checkpointed" in how:
        checkpoint(base_of(found), "full", offload=False, draws=False)
    if isinstance(found, PeftModel):  # its second matrices begin as zeros, and the first get no gradient
        torch.manual_seed(0)
        for parameter in trained_of(found).values():
            parameter.data.add_(0.05 * torch.randn_like(parameter))
    return found.train()


def step(strategy: Any, model: Network, rank: int, world: int, *how: str) -> tuple[float, list[torch.Tensor]]:
    """A step of micro-batches of one row: one process has one of the five, two have two."""
    precision = PRECISIONS[how[0] if how and how[0] in PRECISIONS else "float32"]
    packs = [make_batch(base_of(model), [ROWS[i] for i in part]) for part in micro_batches(range(5), 1, rank, world)]
    named = list(trained_of(model).values())
    loss, found, stop = strategy.gradients(model, packs, named, TOKENS, 1, precision, losses, 1.0)
    assert not stop
    return loss, found


def whole(tensor: torch.Tensor) -> torch.Tensor:
    return tensor.full_tensor() if isinstance(tensor, DTensor) else tensor


def gradients_are_those_of_one_process(rank: int, family: str, adapter: str, *how: str) -> None:
    alone = network(family, adapter, *how)
    packs = [make_batch(base_of(alone), [row]) for row in ROWS]
    precision = PRECISIONS[how[0] if how and how[0] in PRECISIONS else "float32"]
    loss, wanted = gradients(base_of(alone), packs, list(trained_of(alone).values()), TOKENS, 1, precision)
    strategy, model = FullySharded(FSDP(reshard_after_forward="kept" not in how)), network(family, adapter, *how)
    strategy.wrap(model, make_batch(base_of(model), ROWS[:1]))
    got, found = step(strategy, model, rank, WORLD, *how)
    close = 2e-2 if "bf16" in " ".join(how) else 1e-5
    assert abs(got - loss) <= close * abs(loss), (got, loss)
    for name, one, other in zip(trained_of(model), found, wanted, strict=True):
        off = (whole(one) - other).abs().max()
        assert off <= close * max(1.0, float(other.abs().max())), (name, off)
    norms, theirs = strategy.norms(found), DataParallel().norms(wanted)
    assert torch.allclose(torch.tensor(norms), torch.tensor(theirs), rtol=max(close, 1e-4), atol=close)


def rule_moves_weights_as_in_one_process(rank: int, name: str) -> None:
    alone, model = network("llama", "full"), network("llama", "full")
    FullySharded(FSDP()).wrap(model, make_batch(base_of(model), ROWS[:1]))
    pairs = list(zip(trained_of(alone).items(), trained_of(model).values(), strict=True))
    config = replace(RULES[name](), lr=1e-3, weight_decay=0.1)
    optimizers = [build_optimizer(trained_of(one).items(), config) for one in (alone, model)]
    generator = torch.Generator().manual_seed(3)
    for _ in range(3):
        for (_, one), other in pairs:
            one.grad = torch.randn(one.shape, generator=generator)
            assert isinstance(other, DTensor)
            other.grad = distribute_tensor(one.grad, other.device_mesh, other.placements, src_data_rank=None)
        for optimizer in optimizers:
            optimizer.step()
    for (key, one), other in pairs:
        assert torch.allclose(whole(other), one, atol=OFF.get(name, 1e-6)), key


def run_all(rank: int, port: int, out: Path) -> None:
    """What one process does; the first writes what failed, by case: nothing, or a traceback."""
    os.environ.update(MASTER_ADDR="127.0.0.1", MASTER_PORT=str(port), RANK=str(rank), WORLD_SIZE=str(WORLD))
    torch.set_num_threads(1)
    connect(WORLD)
    failed = {}
    for case in CASES:
        kind, *how = case.split()
        try:
            if kind == "rule":
                rule_moves_weights_as_in_one_process(rank, *how)
            else:
                gradients_are_those_of_one_process(rank, kind, *how)
        except Exception:  # noqa: BLE001 (it is the test's that reads it)
            failed[case] = traceback.format_exc()
    (out / f"{rank}.json").write_text(json.dumps(failed), encoding="utf-8")
    leave()


def run(out: Path) -> dict[str, str]:
    """Case → what failed in any process."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    processes = [get_context("spawn").Process(target=run_all, args=(rank, port, out)) for rank in range(WORLD)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0] * WORLD
    found: dict[str, str] = {}
    for rank in range(WORLD):
        found |= json.loads((out / f"{rank}.json").read_text(encoding="utf-8"))
    return found
