"""What happens after each step: the tracker, the validation, the checkpoint, the progress line."""

import sys
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any, NoReturn

import lightning
import torch
from lightning.pytorch.callbacks import Callback
from peft import PeftModel

from shipworthy.core import events
from shipworthy.core.files import new_folder
from shipworthy.core.interrupt import StopRequestedError, asked, reason
from shipworthy.core.progress import SECONDS_BETWEEN_LINES, say
from shipworthy.evaluation import figures
from shipworthy.evaluation.metric import metric, title
from shipworthy.models.adapters.network import save
from shipworthy.train.decided_answers import Decided
from shipworthy.train.lightning.anomaly_policy import AnomalyPolicy
from shipworthy.train.lightning.checkpoints import Saver, snapshot
from shipworthy.train.lightning.module import FineTuningModule
from shipworthy.train.lightning.processes import gather_values, rank
from shipworthy.train.lightning.progress import Entry, Progress
from shipworthy.train.records import Records
from shipworthy.train.schema import LightningTrainer
from shipworthy.train.validation_answers import ANSWERS


def best_folder(run: Path, step: int) -> Path:
    """Where a validated step's weights are kept, beside its answers to the validation rows."""
    return run / f"best-{step:07d}"


def validation_is_missing(progress: Progress, config: LightningTrainer) -> bool:
    """Whether the last step is one to be validated, and was not yet."""
    step = progress.step
    due = step > 0 and (step % config.validate_every == 0 or step == config.steps)
    return due and "val_metric" not in progress.history[-1]


def emit_end(progress: Progress) -> None:
    """Emits that the steps done are all that there will be, where the run ended before its last step."""
    if progress.ended and rank() == 0:
        events.emit(step=progress.step, steps=progress.step)


class StepCallback(Callback):
    """Records each step, validates, keeps the best adapter, saves checkpoints, and prints the progress.

    Args:
        run: the run's folder.
        base_name: what the adapter says that it was made for.
        metric: the name of the task's deciding metric.
        measure: validates the network as it is: what that adds to the step's entry, and the answers; None if it was
            asked to stop.
        reseed: puts the random state of the checkpoint back that the run goes on from.
    """

    def __init__(
        self,
        run: Path,
        config: LightningTrainer,
        base_name: str,
        metric: str,
        progress: Progress,
        saver: Saver,
        policy: AnomalyPolicy,
        records: Records,
        *,
        measure: Callable[[torch.nn.Module], tuple[dict[str, float], Decided] | None],
        reseed: Callable[[], None],
    ) -> None:
        self.run, self.config, self.base_name, self.metric, self.progress = run, config, base_name, metric, progress
        self.saver, self.policy, self.records, self.measure, self.reseed = saver, policy, records, measure, reseed
        self.last_line = time.monotonic()

    def on_train_start(self, trainer: lightning.Trainer, pl_module: lightning.LightningModule) -> None:
        """Saves where the run begins, so that it can go back there; starts the first step's clock."""
        assert isinstance(pl_module, FineTuningModule)
        if not any(self.run.glob("step-*")):
            self._save(pl_module)
        self.reseed()
        if any(gather_values(bool(asked()))):
            self._stop(pl_module)
        if validation_is_missing(self.progress, self.config):
            self._finish(pl_module)
        pl_module.ended = time.monotonic()

    def on_train_batch_end(
        self, trainer: lightning.Trainer, pl_module: lightning.LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Records the step; validates and saves where that is due; stops where that was asked for."""
        assert isinstance(pl_module, FineTuningModule)
        if not outputs:  # a step that was undone, or none
            return
        if rank() == 0:
            events.emit(step=self.progress.step, steps=self.config.steps)
        if pl_module.asked:
            if not validation_is_missing(self.progress, self.config):
                self._record()
            self._stop(pl_module)
        self._finish(pl_module)
        pl_module.ended = time.monotonic()

    def _finish(self, module: FineTuningModule) -> None:
        entry, step = self.progress.history[-1], self.progress.step
        validated = validation_is_missing(self.progress, self.config)
        going = not validated or self._validate(module, entry)
        self._record()
        if rank() == 0:
            self._print(entry)
        if not going:
            return
        if validated:
            self._after_validation(module, entry)
        if validated or step % self.config.checkpoint_every == 0:
            self._save(module)
            self.records.flush()

    def _after_validation(self, module: FineTuningModule, entry: Entry) -> None:
        """Emits the validation; stops where a subscriber, or a signal since the last step, asked for it."""
        if rank() == 0:
            events.emit(step=self.progress.step, validation=entry["val_metric"], val_loss=entry["val_loss"])
        emit_end(self.progress)
        if any(gather_values(bool(asked()))) and not self.progress.is_finished(self.config.steps):
            self._stop(module)

    def _record(self) -> None:
        entry = self.progress.history[-1]
        numbers = {key: float(value) for key, value in entry.items() if key not in ("step", "ledger")}
        self.records.log(numbers, int(entry["step"]))

    def _stop(self, module: FineTuningModule) -> NoReturn:
        """Saves the step as it is, and ends; a validation that was due is made by the run that goes on."""
        step, steps = self.progress.step, self.config.steps
        self._save(module)
        self.saver.wait()
        gather_values(None)
        self.records.flush()
        why = asked() or "another process of the run was stopped"
        raise StopRequestedError(why, f"{reason(why)}: step {step} of {steps} is saved; run it again to go on.")

    def _save(self, module: FineTuningModule) -> None:
        groups = module.optimizer.state_dict()["param_groups"]
        state = {
            "groups": groups,
            "schedule": module.schedule.state_dict(),
            "loss_scale": asdict(module.loss_scale),
            "progress": asdict(self.progress),
        }
        tensors = snapshot(module.network, module.optimizer, own_moments=module.strategy.own_moments)
        self.saver.save(tensors, {"step": self.progress.step, **state})

    def _validate(self, module: FineTuningModule, entry: Entry) -> bool:
        started, step = time.monotonic(), self.progress.step
        with module.strategy.whole():
            found = self.measure(module.network)
        if found is None:
            self._stop(module)
        numbers, decided = found
        entry |= numbers
        entry["validation_s"] = time.monotonic() - started
        value = entry["val_metric"]
        is_best = self.progress.note_validation(value, step, greater_is_better=metric(self.metric).GREATER_IS_BETTER)
        part = isinstance(module.network, PeftModel)
        whole = module.strategy.weights(module.network, trained=part) if is_best else None
        if rank() == 0:
            if is_best:
                with new_folder(best_folder(self.run, step)) as folder:
                    save(module.network, folder, self.base_name, whole)
                    decided.answers.write(folder / ANSWERS)
                    decided.write(folder)
            assert self.progress.best
            now, best = (figures.figure(self.metric, one) for one in (value, self.progress.best[0]))
            taken = entry["validation_s"]
            say(
                f"step {step}: validation {title(self.metric)} {now} (best {best} at step {self.progress.best[1]}), in "
                f"{taken:.0f} s"
            )
        return self.policy.validated(entry, last=step >= self.config.steps)

    def _print(self, entry: Entry) -> None:
        now, live = time.monotonic(), sys.stdout.isatty()
        if now - self.last_line < (0.5 if live else SECONDS_BETWEEN_LINES):
            return
        self.last_line = now
        recent = self.progress.history[-20:]
        step, seconds = int(entry["step"]), sum(e["step_s"] for e in recent)
        left = (self.config.steps - step) * seconds / len(recent)
        line = (
            f"step {step}/{self.config.steps}  loss {sum(e['loss'] for e in recent) / len(recent):.3f}  "
            f"gradient {entry['grad_norm']:.2f}  rate {entry['lr']:.1e}  "
            f"{sum(e['tokens'] for e in recent) / seconds:.0f} tokens/s  "
            f"waiting {100 * sum(e['data_wait_s'] for e in recent) / seconds:.0f}%  {left / 60:.1f} min left"
        )
        print(f"\r\x1b[K{line}", end="", flush=True) if live else say(line)
