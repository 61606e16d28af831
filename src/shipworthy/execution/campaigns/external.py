"""One trial of a campaign for a driver that chooses its values, and says whether it should go on."""

import time
from collections.abc import Callable, Iterator, Sequence

from optuna.trial import FrozenTrial, TrialState

from shipworthy.core import interrupt
from shipworthy.core.interrupt import StopRequestedError
from shipworthy.execution.campaigns.worker import Objective, Worker
from shipworthy.track.hpo.campaign import FINAL, Campaign, Trial
from shipworthy.track.hpo.space import Dimension, Params
from shipworthy.track.hpo.study import Trials, distribution, open_storage

SECONDS_BETWEEN_LOOKS = 1.0
Ask = Callable[[int, float], bool]
"""Tells a validation, its step and its value; whether the trial should be ended early."""


class ExternallyDrivenStudy(Trials):
    """The study, which only notes what the driver chose and decided: what reads it finds a campaign as any other."""

    def __init__(self, campaign: Campaign, params: Params, ask: Ask) -> None:
        settings, record = campaign.settings, campaign.record
        storage = open_storage(campaign.folder, settings.storage)
        super().__init__(storage, campaign.name, settings, record["seed"], record["first_step"], record["last_step"])
        self.params, self.ask = params, ask

    def values(self, trial: FrozenTrial, dimensions: Sequence[Dimension]) -> Params:
        """Marks the trial as running, with the values that were given; those that it has already stay."""
        self.storage.set_trial_state_values(trial._trial_id, TrialState.RUNNING)
        params: Params = {}
        for one in dimensions:
            if not one.active(params):
                continue
            if one.key not in trial.params:
                among = distribution(one)
                internal = among.to_internal_repr(self.params[one.key])
                self.storage.set_trial_param(trial._trial_id, one.key, internal, among)
            params[one.key] = trial.params.get(one.key, self.params[one.key])
        return params

    def report(self, trial: FrozenTrial, step: int, value: float) -> bool:
        """Notes a validation on the way; whether the driver ends the trial."""
        self.note(trial, step, value)
        return self.ask(step, value)


class ExternalDriverWorker(Worker):
    """A worker for one trial.

    Args:
        number: of the worker, from 0.
        trial: the number of the only trial that it may take.
        params: the trial's values.
        ask: how the driver is told of a validation.
    """

    def __init__(self, campaign: Campaign, number: int, trial: int, params: Params, ask: Ask) -> None:
        super().__init__(campaign, number)
        self.trial, self.optuna = trial, ExternallyDrivenStudy(campaign, params, ask)

    def _open(self) -> Iterator[FrozenTrial]:
        """The trial, or the one whose run is the same and has to end before."""
        record = self.campaign.trial(self.trial) or {}
        mine = {self.trial, record.get("waits_for")}
        return (trial for trial in super()._open() if trial.number in mine)

    def finish(self, objective: Objective) -> Trial | None:
        """Works until the trial has ended; its record, or None: a budget is used up, and it was not begun.

        Raises:
            StopRequestedError: asked to stop; the trial goes on later.
            ShipworthyError: a failure outside the trial itself.
        """
        while True:
            self.work(objective)
            record = self.campaign.trial(self.trial)
            if record is None and self.campaign.used_up(self.campaign.trials()):
                return None
            if record is not None and record["state"] in FINAL:
                return record
            if why := interrupt.asked():
                raise StopRequestedError(why, f"{interrupt.reason(why)} while another process had the same trial.")
            time.sleep(SECONDS_BETWEEN_LOOKS)
