"""The training step: gradients of the packs, summed over all processes, the anomaly policy, and the update."""

import re
import time
from collections.abc import Callable, Sequence
from typing import Any

import lightning
import psutil
import torch
from transformers import PreTrainedModel

from shipworthy.models.adapters.network import Network, base_of, trained_of
from shipworthy.models.causal_lm.quantities import NetworkQuantities
from shipworthy.models.causal_lm.structure import named_layers
from shipworthy.models.precision import Precision
from shipworthy.train.lightning.batch_plan import ledger
from shipworthy.train.lightning.gradients import Losses
from shipworthy.train.lightning.loss_scale import LossScale
from shipworthy.train.lightning.progress import Entry, Progress
from shipworthy.train.lightning.steps import Step, on, padding_share
from shipworthy.train.optimizers.build import build as build_optimizer
from shipworthy.train.optimizers.schema import Rule
from shipworthy.train.schedules.build import build as build_schedule
from shipworthy.train.schedules.schema import Schedule
from shipworthy.train.strategies.protocol import Strategy

SPANS = 3
"""Gradient and weight norms are noted for so many spans of layers."""

Policy = Callable[[Step, Entry], bool]
"""Given a step and what is known of it before its update: whether the run goes on with this step."""


class FineTuningModule(lightning.LightningModule):
    """A network that learns an objective.

    Args:
        network: whose weights that require a gradient are trained, as the strategy wrapped it.
        rule, schedule: of the optimizer.
        steps: of the whole run; the schedule ends there.
        clip: the largest global gradient norm.
        workers: threads that compute packs side by side.
        precision: in which they are computed.
        losses: what the targets of a batch cost (see train/objectives/objective.py).
        ids: of the train split's rows, for the ledger.
        progress: where each step is noted.
        policy: asked before each update.
    """

    automatic_optimization = False

    def __init__(
        self,
        network: Network,
        rule: Rule,
        schedule: Schedule,
        steps: int,
        clip: float,
        *,
        strategy: Strategy,
        workers: int,
        precision: Precision,
        losses: Losses,
        ids: list[str],
        progress: Progress,
        policy: Policy,
    ) -> None:
        super().__init__()
        self.network, self.strategy = network, strategy
        self.steps, self.clip, self.workers = steps, clip, workers
        self.precision, self.losses = precision, losses
        self.loss_scale = LossScale(precision.scale, moves=precision.scale != 1)
        self.ids, self.progress, self.policy = ids, progress, policy
        self.quantities = NetworkQuantities(network)
        named = trained_of(network)
        self.trained = list(named.values())
        self.groups = groups_of(self.base, list(named))
        self.optimizer = build_optimizer(named.items(), rule)
        self.schedule = build_schedule(self.optimizer, schedule, steps)
        self.highest = list(self.schedule.base_lrs)
        strategy.take(self.optimizer, clip)
        self.ended = time.monotonic()
        self.asked = False  # whether any process of the run was asked to stop

    @property
    def base(self) -> PreTrainedModel:
        """The network itself, with the adapter's updates, if it has one, in place."""
        return base_of(self.network)

    def training_step(self, step: Step, batch_idx: int) -> dict[str, bool] | None:
        """Makes one step; returns None where the step was undone or is none."""
        if self.progress.is_finished(self.steps):
            self.trainer.should_stop = True
            return None
        if step.number != self.progress.step + 1:
            return None  # fetched before the run went back
        packs = on(step.packs, self.device)
        scale = self.loss_scale.value
        loss, found, self.asked = self.strategy.gradients(
            self.network, packs, self.trained, step.tokens, self.workers, self.precision, self.losses, scale
        )
        norms, weights = self.strategy.norms(found), self.strategy.norms(self.trained)
        entry: Entry = {
            "step": step.number,
            "loss": loss,
            "grad_norm": _norm(norms),
            "lr": max(group["lr"] for group in self.optimizer.param_groups),
            **self._by_group("grad_norm", norms),
            **self._by_group("weight_norm", weights),
            "tokens": step.seen,
            "supervised_tokens": step.tokens,
            "padding_share": padding_share(packs),
            "data_wait_s": step.waited,
            "ledger": ledger(self.progress.ledger, step.number, [self.ids[row] for row in step.rows]),
        }
        if self.loss_scale.moves:
            entry["loss_scale"] = scale
        if overflow := self.loss_scale.is_too_large(loss, entry["grad_norm"]):
            entry |= {"overflow": 1, "skipped": 1}
        if not self.policy(step, entry):
            return None
        self.loss_scale.update(overflow)
        if "skipped" not in entry:
            clipped = min(1.0, self.clip / (entry["grad_norm"] + 1e-6))
            self.strategy.update(self.trained, found, clipped, self.optimizer)
        self.schedule.step()
        self._note(entry, self.quantities.flops(p.shape for p in packs))
        return {"done": True}

    def _note(self, entry: Entry, operations: float) -> None:
        """Adds what is known when the step is done, and puts it into the history."""
        now = time.monotonic()
        seconds = now - self.ended
        self.ended = now
        self.progress.seconds += seconds
        entry |= {
            "step_s": seconds,
            "tokens_per_s": entry["tokens"] / seconds,
            "tflops": operations / seconds / 1e12,
            "memory_mb": psutil.Process().memory_info().rss / 1e6,
        }
        if self.device.type == "cuda":
            entry["gpu_memory_mb"] = torch.cuda.max_memory_allocated(self.device) / 1e6
            entry["gpu_utilisation"] = torch.cuda.utilization(self.device) / 100
        self.progress.history.append(entry)

    def lower_rates(self, share: float) -> None:
        """The highest rates become a share of what they were at first; the schedule goes on from where it stands."""
        self.schedule.base_lrs = [share * lr for lr in self.highest]
        for group, lr, curve in zip(
            self.optimizer.param_groups, self.schedule.base_lrs, self.schedule.lr_lambdas, strict=True
        ):
            group["initial_lr"], group["lr"] = lr, lr * curve(self.schedule.last_epoch)

    def _by_group(self, what: str, norms: list[float]) -> dict[str, float]:
        return {
            f"{what}/{group}": _norm([norm for norm, of in zip(norms, self.groups, strict=True) if of == group])
            for group in sorted(set(self.groups))
        }

    def configure_optimizers(self) -> Any:
        """The optimizer; the schedule is stepped by ourselves."""
        return self.optimizer

    def transfer_batch_to_device(self, batch: Step, device: torch.device, dataloader_idx: int) -> Step:
        """Leaves the step as it is: its packs are moved when they are computed."""
        return batch


def _norm(norms: list[float]) -> float:
    return float(torch.tensor(norms, dtype=torch.float64).norm())


def groups_of(base: PreTrainedModel, names: Sequence[str]) -> list[str]:
    """Of each parameter the span of layers and the part that it belongs to, e.g. `layers.0-9.attn`."""
    place, layers = named_layers(base)
    pattern = re.compile(rf"\b{re.escape(place)}\.(\d+)\.(\w+)")
    return [_group(pattern.search(name), len(layers)) for name in names]


def _group(found: re.Match[str] | None, layers: int) -> str:
    if not found:
        return "other"
    span = int(found[1]) * SPANS // layers
    first, last = (-(-part * layers // SPANS) for part in (span, span + 1))
    part = "attn" if "attn" in found[2] else found[2]
    return f"layers.{first}-{last - 1}.{part}" if last - 1 > first else f"layers.{first}.{part}"
