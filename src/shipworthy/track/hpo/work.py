"""What a worker does: take a trial, run it, tell what came of it, take the next; as long as there is one to take.

Nobody waits for anybody. What a worker leaves behind, whether it was asked to stop or was killed, the next one takes.
"""

import math
import os
import time
import traceback
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Protocol

from optuna.exceptions import UpdateFinishedTrialError
from optuna.trial import FrozenTrial, TrialState

from shipworthy.core import interrupt
from shipworthy.core.errors import ArtifactError, ShipworthyError
from shipworthy.core.interrupt import PeerLostError, StopRequestedError
from shipworthy.core.progress import say
from shipworthy.track.hpo.campaign import FINAL, Campaign, Trial
from shipworthy.track.hpo.claims import Claim, myself
from shipworthy.track.hpo.space import overrides, parse

STATES = {"finished": TrialState.COMPLETE, "pruned": TrialState.PRUNED, "failed": TrialState.FAIL}
SECONDS_BETWEEN_WRITES = 2.0


class PrunedError(Exception):
    """The trial was ended early."""


class LostError(Exception):
    """Another worker has been given this trial: this one was not heard of for too long."""


class SameRunError(Exception):
    """The trial's run is that of another trial, of this number, which has ended or is at it now."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


class StorageError(ShipworthyError):
    """The storage that the workers share does not answer."""


class Taken:
    """A trial that this worker has been given.

    Attributes:
        number: of the trial.
        record: the content of its file.
    """

    def __init__(self, campaign: Campaign, worker: "Worker", trial: FrozenTrial, claim: Claim, record: Trial) -> None:
        self.campaign, self.worker, self.frozen, self.record = campaign, worker, trial, record
        self.number: int = trial.number
        self.claims: list[Claim] = [claim]
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
        claim = self.worker.claims.take(f"run-{run_id}", {**self.worker.me, "trial": self.number})
        if claim is None:
            last = self.worker.claims.last(f"run-{run_id}")
            other = int(last.owner().get("trial", self.number)) if last else self.number
            if other != self.number:
                raise SameRunError(other)
        else:
            self.claims.append(claim)
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
        """Tells of a validation on the way; whether the trial should be pruned.

        Raises:
            LostError: the trial is another worker's by now.
            StorageError: the storage does not answer.
        """
        self.expect_hold()
        try:
            return self.worker.optuna.report(self.frozen, step, value)
        except UpdateFinishedTrialError as error:
            raise LostError from error
        except Exception as error:
            raise StorageError(f"hpo.storage does not answer ({type(error).__name__}).") from error

    def expect_hold(self) -> None:
        """Raises LostError if the trial is another worker's by now."""
        if not self.claims[0].holds():
            raise LostError


class Objective(Protocol):
    """What a trial is."""

    def __call__(self, trial: Taken) -> Mapping[str, float]:
        """Runs the trial, reports on the way, and returns the value of each objective by its name.

        Raises:
            PrunedError: it was ended early.
            StopRequestedError: it was asked to stop, and goes on later.
            Exception: it failed.
        """
        ...


class Worker:
    """One worker of a campaign.

    Args:
        number: of the worker, from 0.
        job: its id in Slurm (empty: none).
    """

    def __init__(self, campaign: Campaign, number: int, job: str = "") -> None:
        self.campaign, self.number, self.me = campaign, number, myself(number, job)
        self.claims, self.optuna, self.settings = campaign.claims(), campaign.optuna(), campaign.settings
        self.dimensions = parse(self.settings.space)
        self.claims.bury(job)

    def work(self, objective: Objective) -> None:
        """Runs trials until there is none to take.

        Raises:
            StopRequestedError: it was asked to stop; the trial that it was at goes on later.
            ShipworthyError: what no trial could do anything about.
        """
        while taken := self.take():
            self._run(taken, objective)

    def take(self) -> Taken | None:
        """The next trial: one that was begun before, else a new one; None: there is none to take now.

        Raises:
            StopRequestedError: this process was asked to stop.
        """
        if why := interrupt.asked():
            raise StopRequestedError(why, f"asked to stop by {why}, between two trials.")
        for trial in self._open():
            claim = self.claims.take(f"trial-{trial.number}", self.me)
            if claim is not None and (taken := self._begin(trial.number, claim)):
                return taken
        return None

    def _open(self) -> Iterator[FrozenTrial]:
        """The trials that may be taken, if nobody is at them: begun ones first."""
        records = {trial["number"]: trial for trial in self.campaign.trials()}
        found = [trial for trial in self.optuna.all() if not trial.state.is_finished()]
        found = [trial for trial in found if trial.number < self.campaign.asked_for]
        spent = bool(self.campaign.used_up([*records.values()]))
        for trial in sorted(found, key=lambda one: (one.number not in records, one.number)):
            if may_go_on(records.get(trial.number), records, spent):
                yield trial

    def _begin(self, number: int, claim: Claim) -> Taken | None:
        """Goes on with a trial that was claimed; None if it is over, by now or by this."""
        trial = self.optuna.all()[number]
        record = self.campaign.trial(number) or self._new(number)
        taken = Taken(self.campaign, self, trial, claim, record)
        if record["state"] in FINAL or trial.state.is_finished():  # its worker was killed while it told
            self._end(taken, record["state"] if record["state"] in FINAL else "failed")
            return None
        killed = self._count_killed(record, claim)
        if killed > self.settings.retries:
            said = f"its worker was killed {killed} times, and hpo.retries={self.settings.retries}."
            self._end(taken, "failed", said=said)
            return None
        attempt = {**self.me, "claim": claim.number, "began": time.time(), "ended": None, "outcome": "", "gpus": gpus()}
        record["attempts"].append(attempt)
        taken.note(state="running", said="", waits_for=None)
        if self.campaign.record["plan"] is None:
            params = self.optuna.values(trial, self.dimensions)
            taken.note(params=params, overrides=overrides(params))
        else:
            self.optuna.values(trial, [])
        return taken

    def _new(self, number: int) -> Trial:
        plan = self.campaign.record["plan"]
        planned = plan[number] if plan is not None else {"name": "", "overrides": []}
        return {
            "number": number,
            "name": planned["name"],
            "state": "waiting",
            "params": {},
            "overrides": planned["overrides"],
            "run_id": "",
            "values": {},
            "step": 0,
            "attempts": [],
            "said": "",
        }

    def _count_killed(self, record: Trial, claim: Claim) -> int:
        """Notes that the attempt before was cut off, if it was; how many were."""
        for attempt in record["attempts"]:
            if attempt["ended"] is None:
                before = Claim(claim.folder, claim.thing, attempt["claim"])
                attempt |= {"ended": max(attempt["began"], self.claims.last_sign(before)), "outcome": "killed"}
        return sum(attempt["outcome"] == "killed" for attempt in record["attempts"])

    def _run(self, taken: Taken, objective: Objective) -> None:
        say(f"== trial {taken.number}, attempt {len(taken.record['attempts'])}: {' '.join(taken.overrides)}")
        with self.claims.beating(taken.claims):
            try:
                values = {name: float(value) for name, value in objective(taken).items()}
                taken.expect_hold()
                if wrong := [name for name, value in values.items() if not math.isfinite(value)]:
                    self._end(taken, "failed", said=f"{wrong[0]} is {values[wrong[0]]}, which is no result.")
                else:
                    self._end(taken, "finished", values=values)
            except LostError:
                say(f"trial {taken.number} is another worker's by now: this one was not heard of for too long.")
            except PrunedError:
                self._end(taken, "pruned")
            except SameRunError as error:
                self._like(taken, error.number)
            except (StopRequestedError, PeerLostError, ArtifactError, StorageError, KeyboardInterrupt) as error:
                self._give_back(taken, getattr(error, "signal_name", str(error) or type(error).__name__))
                raise
            except OSError as error:
                self._give_back(taken, str(error))
                raise
            except Exception as error:  # noqa: BLE001 (whatever a training raises is this trial's end, not the campaign's)
                if not isinstance(error, ShipworthyError):
                    traceback.print_exc()
                known = isinstance(error, ShipworthyError)
                said = str(error) if known else f"{type(error).__name__}: {error}"
                self._end(taken, "failed", said=said.splitlines()[0])
            finally:
                for claim in taken.claims[1:]:
                    claim.end()

    def _end(self, taken: Taken, state: str, *, values: Mapping[str, float] | None = None, said: str = "") -> None:
        """Ends a trial: first in its file, then for Optuna; who takes it after a kill between the two tells Optuna."""
        record = taken.record
        if record["state"] not in FINAL:
            if values is not None:
                record["values"] = dict(values)
            self._close(record, state)
            taken.note(state=state, said=said)
        told = [record["values"][one.name] for one in self.settings.objectives] if state == "finished" else None
        self.optuna.tell(taken.frozen, STATES[record["state"]], told)
        taken.claims[0].finish()
        shown = " ".join(f"{name} {value:.6g}" for name, value in record["values"].items()) if told else record["said"]
        say(f"== trial {taken.number} {record['state']}{f': {shown}' if shown else ''}")

    def _like(self, taken: Taken, number: int) -> None:
        """Its run is another trial's: it ends as that one did, or waits until that one has."""
        other = self.campaign.trial(number)
        if other is not None and other["state"] in ("finished", "pruned"):
            taken.record |= {"run_id": other["run_id"], "step": other["step"], "values": dict(other["values"])}
            self._end(taken, other["state"], values=other["values"], said=f"the same run as trial {number}")
            return
        taken.record["waits_for"] = number
        self._give_back(taken, f"trial {number} is at the same run")

    def _give_back(self, taken: Taken, outcome: str) -> None:
        if not taken.claims[0].holds():
            return
        self._close(taken.record, outcome)
        taken.note(state="waiting")
        taken.claims[0].end()

    def _close(self, record: Trial, outcome: str) -> None:
        if record["attempts"] and record["attempts"][-1]["ended"] is None:
            record["attempts"][-1] |= {"ended": time.time(), "outcome": outcome, "step": record["step"]}


def may_go_on(record: Trial | None, others: Mapping[int, Trial], spent: bool) -> bool:
    """Whether a trial that has not ended may be taken: a new one needs a budget, and one may wait for its double."""
    if record is None:
        return not spent
    waits_for = record.get("waits_for")
    double = None if waits_for is None else others.get(waits_for)
    return double is None or double["state"] in FINAL


def takeable(campaign: Campaign, trials: Sequence[Trial]) -> int:
    """How many trials wait for a worker now."""
    claims, records = campaign.claims(), {trial["number"]: trial for trial in trials}
    spent = bool(campaign.used_up(trials))
    free = 0
    for number in range(campaign.asked_for):
        record, last = records.get(number), claims.last(f"trial-{number}")
        if record is not None and record["state"] in FINAL and claims.is_done(f"trial-{number}"):
            continue
        if may_go_on(record, records, spent) and not (last is not None and claims.alive(last)):
            free += 1
    return free


def gpus() -> int:
    """How many GPUs this worker holds."""
    seen = [one for one in os.environ.get("CUDA_VISIBLE_DEVICES", "").split(",") if one not in ("", "-1", "NoDevFiles")]
    return len(seen) * int(os.environ.get("SLURM_JOB_NUM_NODES", "1"))
