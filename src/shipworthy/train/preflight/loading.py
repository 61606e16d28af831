"""What goes in: batches that arrive, and the largest of them in memory."""

import queue
import resource
import threading
import time
from collections.abc import Sequence
from typing import Any

import torch

from shipworthy.models.causal_lm.packed import Row
from shipworthy.train.lightning.gradients import gradients
from shipworthy.train.memory.explain import explain, is_out_of_memory, refuse_if_too_large
from shipworthy.train.memory.headroom import headroom
from shipworthy.train.memory.step import StepMemory
from shipworthy.train.optimizers.build import build as build_optimizer
from shipworthy.train.preflight.context import Context, Outcome
from shipworthy.train.preflight.preserve import preserve_network

FIRST_BATCHES = 3


def loader_delivers(context: Context) -> Outcome:
    """The first batches arrive in time."""
    arrived: queue.Queue[Any] = queue.Queue()

    def take() -> None:
        try:
            for _, _batch in zip(range(FIRST_BATCHES), iter(context.batches), strict=False):
                arrived.put(None)
        except Exception as error:  # noqa: BLE001 - it is raised again in the thread that waits
            arrived.put(error)
        arrived.put(StopIteration())

    # A daemon, for nobody can end a thread that waits for ever.
    threading.Thread(target=take, name="preflight-loader", daemon=True).start()
    waits: list[float] = []
    for _ in range(FIRST_BATCHES):
        started = time.monotonic()
        try:
            found = arrived.get(timeout=context.patience)
        except queue.Empty:
            return Outcome(
                False,
                f"batch {len(waits) + 1} had not arrived after {context.patience:g} s: the loader stalls.",
                {"batches": len(waits), "waited_s": context.patience},
            )
        if isinstance(found, StopIteration):
            break
        if isinstance(found, Exception):
            raise found
        waits.append(time.monotonic() - started)
    measured = {"batches": len(waits), "longest_wait_s": max(waits, default=0.0)}
    if not waits:
        return Outcome(False, "the loader ends before its first batch.", measured)
    return Outcome(True, f"{len(waits)} batches arrived, each within {max(waits):.2f} s.", measured)


def longest_batch_fits(context: Context) -> Outcome:
    """A whole step of the longest rows is made, optimizer included; not if it is known to get the process killed."""
    trainer = context.trainer
    micro = trainer.micro_batch_size
    rows = longest(context.rows, trainer.batch_size)
    parts = [rows[i : i + micro] for i in range(0, len(rows), micro)]
    workers = min(context.workers, len(parts))
    before = headroom(context.base.device)
    memory = StepMemory(
        context.network,
        context.optimizer,
        context.precision,
        workers,
        offload=trainer.offload_activations,
    )
    refuse_if_too_large(memory, parts[0])
    problem = ""
    with preserve_network(context.network):
        try:
            make_step(context, parts)
        except (RuntimeError, MemoryError) as error:
            if not is_out_of_memory(error):
                raise
            problem = str(error)
    tokens = sum(map(len, rows))
    measured = {"rows": len(rows), "tokens": tokens, "free_before_mb": before.free_mb, "peak_mb": _peak_mb(context)}
    if problem:
        return Outcome(False, explain(memory, parts[0]), measured)
    return Outcome(True, f"a step of the {len(rows)} longest rows fits: peak {measured['peak_mb']:,.0f} MB.", measured)


def longest(rows: Sequence[Row], count: int) -> list[Row]:
    """The rows that take most memory, the longest first."""
    return sorted(rows, key=len, reverse=True)[:count]


def make_step(context: Context, parts: Sequence[Sequence[Row]]) -> None:
    """A whole step, at rate 0, with an optimizer of its own like the run's.

    Args:
        parts: the step's micro-batches.
    """
    context.network.train()
    parameters = list(context.trained().values())
    packs = [context.batch(part) for part in parts]
    tokens = sum(len(p.target_N) for p in packs)
    _, found = gradients(context.base, packs, parameters, tokens, context.workers, context.precision, context.losses)
    for parameter, gradient in zip(parameters, found, strict=True):
        parameter.grad = gradient.to(parameter.dtype)
    optimizer = build_optimizer(context.trained().items(), context.optimizer)
    for group in optimizer.param_groups:
        group["lr"] = 0.0
    optimizer.step()


def _peak_mb(context: Context) -> float:
    if context.base.device.type == "cuda":
        return float(torch.cuda.max_memory_allocated(context.base.device)) / 1e6
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6  # Linux counts in KiB
