"""One worker of a campaign: `python -m shipworthy.worker CAMPAIGN K`; on a cluster shipworthy.job calls `serve`."""

import gc
import math
import os
import sys
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from shipworthy.core import events, interrupt
from shipworthy.core.errors import ShipworthyError
from shipworthy.core.files import read_json
from shipworthy.core.interrupt import StopRequestedError
from shipworthy.core.progress import say
from shipworthy.track.hpo.campaign import RECORD, WINNER, Campaign
from shipworthy.track.hpo.work import PrunedError, Taken, Worker

TOLD = {"metric": "validation", "val_loss": "val_loss"}
"""What a training tells on its way, by the objective that it is of."""
PRUNED, NOT_A_NUMBER, LOST = "pruned", "a validation that is no number", "its loss to another worker"
SECONDS_BETWEEN_LOOKS = 1.0


def main(folder: str, number: str) -> int:
    """Runs trials until there is none to take; the exit code of this process."""
    interrupt.listen()
    stop_with_parent()
    campaign = Campaign(Path(folder), read_json(Path(folder) / RECORD))
    try:
        serve(campaign, int(number))
    except StopRequestedError as error:
        say(str(error))
        return error.exit_code
    except ShipworthyError as error:
        print(f"shipworthy: {error}", file=sys.stderr, flush=True)
        return 1
    return 0


def serve(campaign: Campaign, number: int, job: str = "") -> None:
    """Works at a campaign; who finds it over measures the winner.

    Args:
        number: of this worker, from 0.
        job: its id in Slurm (empty: none).

    Raises:
        StopRequestedError: asked to stop; what it was at is saved.
        ShipworthyError: what no trial could do anything about.
    """
    worker = Worker(campaign, number, job)
    worker.work(Training(campaign))
    if campaign.record["kind"] == "tune" and campaign.over(campaign.trials()):
        _measure(campaign, worker)


def _measure(campaign: Campaign, worker: Worker) -> None:
    if (campaign.folder / WINNER).is_file() or (claim := worker.claims.take("winner", worker.me)) is None:
        return
    from shipworthy.config import compose
    from shipworthy.evaluation.tasks.schema import Task
    from shipworthy.track.hpo.winner import measure

    with worker.claims.beating([claim]):
        config = compose(campaign.record["overrides"])
        assert isinstance(config.task, Task)
        say("== measuring the winner on the rows that no trial saw")
        measure(campaign, config.task, campaign.root / config.workspace / "dataset")
        claim.end()


class Training:
    """A trial that is a training: `shipworthy train` with the base recipe's overrides and the trial's own.

    Raises:
        UsageError: the recipe itself does not compose, so that no trial could.
    """

    def __init__(self, campaign: Campaign) -> None:
        from shipworthy.config import compose

        compose(campaign.record["overrides"])
        self.campaign, self.settings = campaign, campaign.settings
        self.told = TOLD.get(self.settings.objectives[0].name, "")

    def __call__(self, trial: Taken) -> Mapping[str, float]:
        """Trains in this process, and reads what came out."""
        from shipworthy.cli import execute
        from shipworthy.config import compose

        always = ["resume=auto", f"validation_share={1 - self.settings.unseen:.10g}"]
        config = compose([*self.campaign.record["overrides"], *trial.overrides, *always])
        os.environ.update({"SHIPWORTHY_CAMPAIGN": self.campaign.name, "SHIPWORTHY_TRIAL": str(trial.number)})
        listener = Listener(trial, self.told)
        try:
            with events.subscribed(listener):
                execute("train", config, publish=False, arguments=self.campaign.record["overrides"])
        except StopRequestedError as error:
            if error.signal_name == NOT_A_NUMBER:
                return {self.settings.objectives[0].name: float("nan")}
            if error.signal_name == LOST:
                trial.expect_hold()
            if error.signal_name == PRUNED:
                raise PrunedError from error
            raise
        finally:
            gc.collect()  # networks have cycles, and the next one needs the room
            for why in (PRUNED, NOT_A_NUMBER, LOST):
                interrupt.withdraw(why)
        return self._values(self.campaign.runs / trial.record["run_id"] / "checkpoint")

    def _values(self, checkpoint: Path) -> dict[str, float]:
        training = read_json(checkpoint / "training.json")
        return {one.name: self._value(one.name, training, checkpoint) for one in self.settings.objectives}

    def _value(self, name: str, training: Mapping[str, Any], checkpoint: Path) -> float:
        if name == "metric":
            return float(training["selected_metric"])
        if name == "size_mb":
            from shipworthy.models.size import size_mb

            return size_mb(checkpoint)
        if name == "val_loss":
            history = {entry["step"]: entry for entry in read_json(checkpoint / "history.json")}
            training = history[training["selected_step"]]
        if name not in training:
            raise ShipworthyError(f"hpo.objectives: this kind of training tells no {name}: take another objective.")
        return float(training[name])


class Listener:
    """Hears how far a training is, hands its validations on, and asks it to stop where it should be ended early."""

    def __init__(self, trial: Taken, told: str) -> None:
        self.trial, self.told = trial, told
        self.steps: int | None = None

    def __call__(self, facts: dict[str, Any]) -> None:
        """Takes what `events.emit` tells."""
        self.steps = facts.get("steps", self.steps)
        if "run_id" in facts:
            self.trial.enters(facts["run_id"])
        if "step" not in facts:
            return
        step = int(facts["step"])
        if not self.trial.claims[0].holds():
            interrupt.ask(LOST)
            return
        self.trial.at(step)
        value = facts.get(self.told)
        if value is None or (self.steps is not None and step >= self.steps):
            return
        if math.isnan(value):
            interrupt.ask(NOT_A_NUMBER)
        elif self.trial.report(step, float(value)):
            say(f"trial {self.trial.number} is ended early, at step {step}")
            interrupt.ask(PRUNED)


def stop_with_parent() -> None:
    """Stops as if asked to when the process that started this one is gone: nobody would hear of what comes after."""
    parent = os.getppid()

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(SECONDS_BETWEEN_LOOKS)
        interrupt.ask("the end of the process that started it")

    threading.Thread(target=watch, daemon=True).start()


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
