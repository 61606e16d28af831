"""What happens between two steps: the tracker, the validation, the checkpoint, a word to who watches."""

import sys
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any, NoReturn

import lightning
import torch
from lightning.pytorch.callbacks import Callback

from shipworthy.core import events
from shipworthy.core.files import new_folder
from shipworthy.core.interrupt import StopRequestedError, asked
from shipworthy.core.progress import SECONDS_BETWEEN_LINES, say
from shipworthy.train.lightning.checkpoints import Saver, save_adapter, snapshot
from shipworthy.train.lightning.guard import Guard
from shipworthy.train.lightning.module import AnswerTuning
from shipworthy.train.lightning.processes import everyones, rank
from shipworthy.train.lightning.progress import Entry, Progress
from shipworthy.train.records import Records
from shipworthy.train.schema import LightningTrainer
from shipworthy.train.selected import ANSWERS, Answers

ADAPTER = "adapter"


def best_folder(run: Path, step: int) -> Path:
    """Where a validated step's adapter is kept, beside its answers to the validation rows."""
    return run / f"best-{step:07d}"


def validation_is_missing(progress: Progress, config: LightningTrainer) -> bool:
    """Whether the last step is one to be validated, and was not yet."""
    step = progress.step
    due = step > 0 and (step % config.validate_every == 0 or step == config.steps)
    return due and "val_metric" not in progress.history[-1]


def tell_the_end(progress: Progress) -> None:
    """Tells that the steps done are all that there will be; what was planned is another number."""
    if progress.ended and rank() == 0:
        events.emit(step=progress.step, steps=progress.step)


class Boundary(Callback):
    """Records each step, validates, keeps the best adapters, saves checkpoints, and says how it goes.

    Args:
        run: the run's folder.
        base_name: what the adapter says that it was made for.
        measure: validates the network as it is: what that adds to the step's entry, and the answers; None if it was
            asked to stop.
        reseed: puts the random state of the checkpoint back that the run goes on from.
    """

    def __init__(
        self,
        run: Path,
        config: LightningTrainer,
        base_name: str,
        progress: Progress,
        saver: Saver,
        guard: Guard,
        records: Records,
        *,
        measure: Callable[[torch.nn.Module], tuple[dict[str, float], Answers] | None],
        reseed: Callable[[], None],
    ) -> None:
        self.run, self.config, self.base_name, self.progress = run, config, base_name, progress
        self.saver, self.guard, self.records, self.measure, self.reseed = saver, guard, records, measure, reseed
        self.said = time.monotonic()

    def on_train_start(self, trainer: lightning.Trainer, pl_module: lightning.LightningModule) -> None:
        """Saves where the run begins, so that it can go back there; starts the first step's clock."""
        assert isinstance(pl_module, AnswerTuning)
        if not self.progress.step:
            self._save(pl_module)
        self.reseed()
        if any(everyones(bool(asked()))):
            self._stop(pl_module)
        if validation_is_missing(self.progress, self.config):
            self._finish(pl_module)
        pl_module.ended = time.monotonic()

    def on_train_batch_end(
        self, trainer: lightning.Trainer, pl_module: lightning.LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Records the step; validates and saves where that is due; stops where that was asked for."""
        assert isinstance(pl_module, AnswerTuning)
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

    def _finish(self, module: AnswerTuning) -> None:
        entry, step = self.progress.history[-1], self.progress.step
        validated = validation_is_missing(self.progress, self.config)
        going = not validated or self._validate(module, entry)
        self._record()
        if rank() == 0:
            self._say(entry)
        if not going:
            return
        if validated:
            self._tell(module, entry)
        if validated or step % self.config.checkpoint_every == 0:
            self._save(module)
            self.records.flush()

    def _tell(self, module: AnswerTuning, entry: Entry) -> None:
        """Tells the validation; stops where that, or anything since the last step, made someone ask for it."""
        if rank() == 0:
            events.emit(step=self.progress.step, validation=entry["val_metric"], val_loss=entry["val_loss"])
        tell_the_end(self.progress)
        if any(everyones(bool(asked()))) and not self.progress.over(self.config.steps):
            self._stop(module)

    def _record(self) -> None:
        entry = self.progress.history[-1]
        numbers = {key: float(value) for key, value in entry.items() if key not in ("step", "ledger")}
        self.records.log(numbers, int(entry["step"]))

    def _stop(self, module: AnswerTuning) -> NoReturn:
        """Saves the step as it is, and ends; a validation that was due is made by the run that goes on."""
        step, steps = self.progress.step, self.config.steps
        self._save(module)
        self.saver.wait()
        everyones(None)
        self.records.flush()
        raise StopRequestedError(
            asked() or "a signal to another process",
            f"asked to stop by {asked() or 'a signal to another process'}: step {step} of {steps} is saved; run it "
            "again to go on.",
        )

    def _save(self, module: AnswerTuning) -> None:
        groups = module.optimizer.state_dict()["param_groups"]
        state = {"groups": groups, "schedule": module.schedule.state_dict(), "progress": asdict(self.progress)}
        self.saver.save(snapshot(module.network, module.optimizer), {"step": self.progress.step, **state})

    def _validate(self, module: AnswerTuning, entry: Entry) -> bool:
        started, step = time.monotonic(), self.progress.step
        found = self.measure(module.network)
        if found is None:
            self._stop(module)
        numbers, answers = found
        entry |= numbers
        entry["validation_s"] = time.monotonic() - started
        metric = entry["val_metric"]
        self.progress.best = self.progress.ranked(metric, step)
        if rank() == 0:
            if (metric, step) in self.progress.best:
                with new_folder(best_folder(self.run, step)) as folder:
                    save_adapter(module.network, folder / ADAPTER, self.base_name)
                    answers.write(folder / ANSWERS)
            best, at = self.progress.best[0]
            taken = entry["validation_s"]
            say(f"step {step}: validation metric {metric:.3f} (best {best:.3f} at step {at}), in {taken:.0f} s")
        return self.guard.validated(entry, last=step >= self.config.steps)

    def _say(self, entry: Entry) -> None:
        now, live = time.monotonic(), sys.stdout.isatty()
        if now - self.said < (0.5 if live else SECONDS_BETWEEN_LINES):
            return
        self.said = now
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
