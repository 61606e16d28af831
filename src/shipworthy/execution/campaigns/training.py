"""The objective of a campaign: a training of the base recipe with the trial's own overrides."""

import gc
import math
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from shipworthy.config.compose import compose
from shipworthy.core import events, interrupt
from shipworthy.core.errors import ShipworthyError
from shipworthy.core.files import read_json
from shipworthy.core.interrupt import PRUNED, StopRequestedError
from shipworthy.core.progress import say
from shipworthy.execution.campaigns.handle import PrunedError, TrialHandle
from shipworthy.execution.stage import execute
from shipworthy.track.hpo.campaign import Campaign

TOLD = {"metric": "validation", "val_loss": "val_loss"}
"""What a training tells on its way, by the objective that it is of."""
NOT_A_NUMBER, LOST = "its validation is not a number", "another worker has taken its trial"


class Training:
    """A trial that is a training: `shipworthy train` with the base recipe's overrides and the trial's own.

    Raises:
        UsageError: the recipe itself does not compose, so that no trial could.
    """

    def __init__(self, campaign: Campaign) -> None:
        compose(campaign.record["overrides"])
        self.campaign, self.settings = campaign, campaign.settings
        self.told = TOLD.get(self.settings.objectives[0].name, "")

    def __call__(self, trial: TrialHandle) -> Mapping[str, float]:
        """Trains in this process, and reads what came out."""
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
    """Notes how far a training is, reports its validations, and asks it to stop where it should be ended early."""

    def __init__(self, trial: TrialHandle, told: str) -> None:
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
        if not self.trial.leases[0].holds():
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
