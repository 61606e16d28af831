"""A trial in the hands of the worker that holds its lease: it notes the run, the progress and the validations."""

import time
from collections.abc import Mapping
from typing import Any

from optuna.exceptions import UpdateFinishedTrialError
from optuna.trial import FrozenTrial

from shipworthy.core.errors import ShipworthyError
from shipworthy.track.hpo.campaign import Campaign, Trial
from shipworthy.track.hpo.leases import Lease, Leases
from shipworthy.track.hpo.study import Trials

SECONDS_BETWEEN_WRITES = 2.0


class PrunedError(Exception):
    """The trial was ended early."""


class LostError(Exception):
    """Another worker has been given this trial: this one did not renew its lease in time."""


class SameRunError(Exception):
    """The trial's run is that of another trial, of this number, which has ended or is at it now."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


class StorageError(ShipworthyError):
    """The storage that the workers share does not answer."""


class TrialHandle:
    """A trial that a worker has been given.

    Args:
        study: the trials as Optuna knows them.
        owner: what the worker writes into its leases.

    Attributes:
        number: of the trial.
        record: the content of its file.
        leases: the trial's own, then that of the run which it makes.
        all_leases: the campaign's.
    """

    def __init__(
        self,
        campaign: Campaign,
        study: Trials,
        leases: Leases,
        owner: Mapping[str, Any],
        trial: FrozenTrial,
        lease: Lease,
        record: Trial,
    ) -> None:
        self.campaign, self.study, self.all_leases, self.owner = campaign, study, leases, owner
        self.frozen, self.record = trial, record
        self.number: int = trial.number
        self.leases: list[Lease] = [lease]
        self._written = time.monotonic()

    @property
    def overrides(self) -> list[str]:
        """What makes it of the base recipe, as one would write it on the command line."""
        return list(self.record["overrides"])

    def enters(self, run_id: str) -> None:
        """Says which run it makes; nobody else works in that run's folder then.

        Raises:
            SameRunError: another trial has made it, or is at it.
        """
        lease = self.all_leases.take(f"run-{run_id}", {**self.owner, "trial": self.number})
        if lease is None:
            last = self.all_leases.last(f"run-{run_id}")
            other = int(last.owner().get("trial", self.number)) if last else self.number
            if other != self.number:
                raise SameRunError(other)
        else:
            self.leases.append(lease)
        for other_trial in self.campaign.trials():
            if other_trial["run_id"] == run_id and other_trial["state"] in ("finished", "pruned"):
                raise SameRunError(other_trial["number"])
        self.note(run_id=run_id)

    def note(self, **facts: Any) -> None:
        """Adds facts to its record."""
        self.record |= facts
        self.campaign.write(self.record)
        self._written = time.monotonic()

    def at(self, step: int) -> None:
        """Says how far it is.

        Raises:
            LostError: the trial is another worker's by now.
        """
        self.record["step"] = step
        if time.monotonic() - self._written > SECONDS_BETWEEN_WRITES:
            self.expect_hold()
            self.note()

    def report(self, step: int, value: float) -> bool:
        """Tells of a validation on the way; whether the trial should be pruned, which the recipe itself never is.

        Raises:
            LostError: the trial is another worker's by now.
            StorageError: the storage does not answer.
        """
        self.expect_hold()
        try:
            if self.campaign.recipe(self.number) is not None:
                self.study.note(self.frozen, step, value)
                return False
            return self.study.report(self.frozen, step, value)
        except UpdateFinishedTrialError as error:
            raise LostError from error
        except Exception as error:
            raise StorageError(f"hpo.storage does not answer ({type(error).__name__}).") from error

    def expect_hold(self) -> None:
        """Raises LostError if the trial is another worker's by now."""
        if not self.leases[0].holds():
            raise LostError
