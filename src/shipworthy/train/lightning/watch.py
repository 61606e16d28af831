"""What happens at the steps' boundaries: history, progress, validation by generation, checkpoints."""

import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import lightning
import psutil
from lightning.pytorch.callbacks import Callback

from shipworthy.core.files import new_folder
from shipworthy.core.progress import SECONDS_BETWEEN_LINES, say
from shipworthy.train.lightning.batches import Batch
from shipworthy.train.lightning.checkpoints import prune, reseed, save, save_adapter
from shipworthy.train.lightning.module import AnswerTuning
from shipworthy.train.records import Records
from shipworthy.train.schema import LightningTrainer


@dataclass
class Progress:
    """What a run has seen so far; it is part of each checkpoint.

    Attributes:
        history: one entry per step: step, loss, grad_norm, lr, tokens, tokens_per_s; `val_…` where it was validated.
        best_step, best: the step with the highest validation metric, and that metric (ties: the earlier one).
        seconds: spent in training so far, those before a kill included.
    """

    history: list[dict[str, float]] = field(default_factory=list)
    best_step: int = 0
    best: float = -1.0
    seconds: float = 0.0


def best_folder(run: Path, step: int) -> Path:
    """Where the adapter of a validated step is kept."""
    return run / f"best-{step:07d}"


class Watch(Callback):
    """Records each step, validates, keeps the best adapter, saves checkpoints, and says how it goes.

    Args:
        run: the run's folder.
        validate: the validation metric of the network as it is (0 to 1).
        records: the tracker.
    """

    def __init__(
        self,
        run: Path,
        run_id: str,
        seed: int,
        config: LightningTrainer,
        base_name: str,
        progress: Progress,
        validate: Callable[[], float],
        records: Records,
    ) -> None:
        self.run, self.run_id, self.seed, self.config, self.base_name = run, run_id, seed, config, base_name
        self.progress, self.validate, self.records = progress, validate, records
        self.peak_memory_mb = 0.0
        self.step_started = self.said = time.monotonic()

    def on_train_batch_start(
        self, trainer: lightning.Trainer, pl_module: lightning.LightningModule, batch: Any, batch_idx: int
    ) -> None:
        """Starts the step's clock; a resumed run's first step draws what it would have drawn."""
        assert isinstance(pl_module, AnswerTuning)
        if pl_module.resumed and trainer.global_step == 0:
            reseed(pl_module.resumed["random"])
        self.step_started = time.monotonic()

    def on_train_batch_end(
        self, trainer: lightning.Trainer, pl_module: lightning.LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Records the step; validates and saves where that is due."""
        assert isinstance(pl_module, AnswerTuning) and isinstance(batch, Batch)
        seconds = time.monotonic() - self.step_started
        self.progress.seconds += seconds
        step, tokens = pl_module.step, batch.tokens
        schedule = trainer.lr_scheduler_configs[0].scheduler
        entry = {
            "step": step,
            "loss": float(outputs["loss"]),
            "grad_norm": pl_module.gradient_norm,
            "lr": trainer.optimizers[0].param_groups[0]["lr"],
            "tokens": tokens,
            "tokens_per_s": tokens / seconds,
        }
        self.peak_memory_mb = max(self.peak_memory_mb, psutil.Process().memory_info().rss / 1e6)
        validated = step % self.config.validate_every == 0 or step == self.config.steps
        if validated:
            self._validate(pl_module, entry)
        self.progress.history.append(entry)
        self.records.log({key: value for key, value in entry.items() if key != "step"}, step)
        self._say(entry)
        if validated or step % self.config.checkpoint_every == 0:
            state = {
                "step": step,
                "optimizer": trainer.optimizers[0].state_dict(),
                "schedule": schedule.state_dict(),
                "progress": vars(self.progress),
            }
            save(self.run, self.run_id, self.seed, pl_module.network, state)
            prune(self.run, self.config.keep)
            self.records.flush()

    def _validate(self, module: AnswerTuning, entry: dict[str, float]) -> None:
        started = time.monotonic()
        module.eval()
        metric = self.validate()
        module.train()
        entry["val_metric"] = metric
        step = int(entry["step"])
        if metric > self.progress.best:
            self.progress.best, self.progress.best_step = metric, step
            with new_folder(best_folder(self.run, step)) as folder:
                save_adapter(module.network, folder, self.base_name)
        say(
            f"step {step}: validation metric {metric:.3f} (best {self.progress.best:.3f} at step "
            f"{self.progress.best_step}), in {time.monotonic() - started:.0f} s"
        )

    def _say(self, entry: Mapping[str, float]) -> None:
        now, live = time.monotonic(), sys.stdout.isatty()
        if now - self.said < (0.5 if live else SECONDS_BETWEEN_LINES):
            return
        self.said = now
        recent = self.progress.history[-20:]
        step = int(entry["step"])
        left = (self.config.steps - step) * self.progress.seconds / len(self.progress.history)
        rate = sum(e["tokens"] for e in recent) / sum(e["tokens"] / e["tokens_per_s"] for e in recent)
        line = (
            f"step {step}/{self.config.steps}  loss {sum(e['loss'] for e in recent) / len(recent):.3f}  "
            f"gradient {entry['grad_norm']:.2f}  rate {entry['lr']:.1e}  {rate:.0f} tokens/s  "
            f"{left / 60:.1f} min left"
        )
        print(f"\r\x1b[K{line}", end="", flush=True) if live else say(line)
