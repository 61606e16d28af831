"""Checkpoints: they come back as they were written, and there is room for those that will be kept."""

import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path

import torch
from torch.distributed.checkpoint.api import CheckpointException

from shipworthy.core.errors import ShipworthyError
from shipworthy.models.causal_lm.quantities import NetworkQuantities
from shipworthy.train.preflight.context import Context, Outcome
from shipworthy.train.preflight.preserve import preserve_network

HISTORY_BYTES = 1000
"""Per step, in each checkpoint."""


def disk_has_room(context: Context) -> Outcome:
    """The checkpoints that are kept, one being written, and the best fit onto the run's disk."""
    trainer = context.trainer
    each = NetworkQuantities(context.network).checkpoint_bytes(context.optimizer) + HISTORY_BYTES * trainer.steps
    copies = trainer.keep + 3  # the first stays, one is on its way, and the best adapter
    context.run.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(context.run).free
    measured = {"checkpoints": copies, "checkpoint_mb": each / 1e6, "free_mb": free / 1e6}
    return Outcome(
        copies * each <= free,
        f"{copies} checkpoints of {each / 1e6:,.0f} MB; {free / 1e6:,.0f} MB are free at {context.run}.",
        measured,
    )


def checkpoint_returns(context: Context) -> Outcome:
    """What was saved is loaded again, bit for bit, into weights that had been overwritten meanwhile."""
    with preserve_network(context.network), tempfile.TemporaryDirectory(dir=context.run, prefix=".preflight-") as name:
        before = {key: tensor.detach().clone() for key, tensor in _state(context).items()}
        folder = Path(name) / "checkpoint"
        folder.mkdir()
        try:
            context.save(folder)
            with torch.no_grad():
                for parameter in context.trained().values():
                    parameter.add_(1.0)
            context.load(folder)
        except (ShipworthyError, OSError, KeyError, CheckpointException) as error:
            return Outcome(False, f"a checkpoint could not be saved and loaded: {type(error).__name__}: {error}")
        size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
        after = _state(context)
        lost = [key for key, tensor in before.items() if key not in after or not _same(tensor, after[key])]
    measured = {"tensors": len(before), "lost": len(lost), "checkpoint_mb": size / 1e6}
    if lost:
        sentence = f"{len(lost)} of {len(before)} tensors came back changed or not at all: {lost[0]}."
        return Outcome(False, sentence, measured)
    return Outcome(True, f"{len(before)} tensors came back bit for bit from {size / 1e6:.1f} MB.", measured)


def _state(context: Context) -> dict[str, torch.Tensor]:
    more: Mapping[str, torch.Tensor] = context.state() if context.state else {}
    return {**context.trained(), **more}


def _same(one: torch.Tensor, other: torch.Tensor) -> bool:
    """The bytes are equal; NaN is equal to itself here."""
    if one.dtype != other.dtype or one.shape != other.shape:
        return False
    mine, others = (tensor.detach().contiguous().view(-1).view(torch.uint8) for tensor in (one, other))
    return bool(torch.equal(mine, others))
