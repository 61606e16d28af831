"""What a worker does: take a trial, run it, tell what came of it, take the next; as long as there is one to take.

Workers don't wait for one another. A trial whose worker was stopped or killed is taken by the next one.
"""

import math
import os
import time
import traceback
from collections.abc import Iterator, Mapping, Sequence
from typing import Protocol

from optuna.trial import FrozenTrial, TrialState

from shipworthy.core import interrupt
from shipworthy.core.errors import ArtifactError, ShipworthyError
from shipworthy.core.interrupt import PeerLostError, StopRequestedError
from shipworthy.core.progress import say
from shipworthy.execution.campaigns.handle import LostError, PrunedError, SameRunError, StorageError, TrialHandle
from shipworthy.track.hpo.campaign import FINAL, Campaign, Trial
from shipworthy.track.hpo.leases import Lease, myself
from shipworthy.track.hpo.space import overrides, parse

STATES = {"finished": TrialState.COMPLETE, "pruned": TrialState.PRUNED, "failed": TrialState.FAIL}


class Objective(Protocol):
    """What a trial is."""

    def __call__(self, trial: TrialHandle) -> Mapping[str, float]:
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
        self.leases, self.optuna, self.settings = campaign.leases(), campaign.optuna(), campaign.settings
        self.dimensions = parse(self.settings.space)
        self.leases.release_earlier_starts(job)

    def work(self, objective: Objective) -> None:
        """Runs trials until there is none to take.

        Raises:
            StopRequestedError: it was asked to stop; the trial that it was at goes on later.
            ShipworthyError: a failure outside the trial itself.
        """
        while handle := self.take():
            self._run(handle, objective)

    def take(self) -> TrialHandle | None:
        """The next trial: one that was begun before, else a new one; None: there is none to take now.

        Raises:
            StopRequestedError: this process was asked to stop.
        """
        if why := interrupt.asked():
            raise StopRequestedError(why, f"{interrupt.reason(why)}, between two trials.")
        for trial in self._open():
            lease = self.leases.take(f"trial-{trial.number}", self.me)
            if lease is not None and (handle := self._begin(trial.number, lease)):
                return handle
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

    def _begin(self, number: int, lease: Lease) -> TrialHandle | None:
        """Goes on with a trial whose lease was taken; None if it is over, by now or by this."""
        trial = self.optuna.all()[number]
        record = self.campaign.trial(number) or self._new(number)
        handle = TrialHandle(self.campaign, self.optuna, self.leases, self.me, trial, lease, record)
        if record["state"] in FINAL or trial.state.is_finished():  # its worker was killed while it told
            self._end(handle, record["state"] if record["state"] in FINAL else "failed")
            return None
        killed = self._count_killed(record, lease)
        if killed > self.settings.retries:
            said = f"its worker was killed {killed} times, and hpo.retries={self.settings.retries}."
            self._end(handle, "failed", said=said)
            return None
        attempt = {**self.me, "lease": lease.number, "began": time.time(), "ended": None, "outcome": "", "gpus": gpus()}
        record["attempts"].append(attempt)
        handle.note(state="running", said="", waits_for=None)
        self._choose(handle)
        return handle

    def _choose(self, handle: TrialHandle) -> None:
        """Gives a trial its values: those of the recipe itself, or of the plan, or what the sampler chooses."""
        if (recipe := self.campaign.recipe(handle.number)) is not None:
            self.optuna.fix(handle.frozen, self.dimensions, recipe)
            handle.note(params=recipe, overrides=[])
        elif self.campaign.record["plan"] is not None:
            self.optuna.fix(handle.frozen, (), {})
        else:
            params = self.optuna.values(handle.frozen, self.dimensions)
            handle.note(params=params, overrides=overrides(params))

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

    def _count_killed(self, record: Trial, lease: Lease) -> int:
        """Notes that the attempt before was cut off, if it was; how many were."""
        for attempt in record["attempts"]:
            if attempt["ended"] is None:
                before = Lease(lease.folder, lease.resource, attempt["lease"])
                attempt |= {"ended": max(attempt["began"], self.leases.last_renewal(before)), "outcome": "killed"}
        return sum(attempt["outcome"] == "killed" for attempt in record["attempts"])

    def _run(self, handle: TrialHandle, objective: Objective) -> None:
        what = " ".join(handle.overrides) or "the recipe itself"
        say(f"== trial {handle.number}, attempt {len(handle.record['attempts'])}: {what}")
        with self.leases.renewing(handle.leases):
            try:
                values = {name: float(value) for name, value in objective(handle).items()}
                handle.expect_hold()
                if wrong := [name for name, value in values.items() if not math.isfinite(value)]:
                    self._end(handle, "failed", said=f"{wrong[0]} is {values[wrong[0]]}, which is no result.")
                else:
                    self._end(handle, "finished", values=values)
            except LostError:
                say(f"trial {handle.number} is another worker's by now: this one did not renew its lease in time.")
            except PrunedError:
                self._end(handle, "pruned")
            except SameRunError as error:
                self._like(handle, error.number)
            except (StopRequestedError, PeerLostError, ArtifactError, StorageError, KeyboardInterrupt) as error:
                self._give_back(handle, getattr(error, "signal_name", str(error) or type(error).__name__))
                raise
            except OSError as error:
                self._give_back(handle, str(error))
                raise
            except Exception as error:  # noqa: BLE001 (whatever a training raises is this trial's end, not the campaign's)
                if not isinstance(error, ShipworthyError):
                    traceback.print_exc()
                known = isinstance(error, ShipworthyError)
                said = str(error) if known else f"{type(error).__name__}: {error}"
                self._end(handle, "failed", said=said.splitlines()[0])
            finally:
                for lease in handle.leases[1:]:
                    lease.release()

    def _end(
        self, handle: TrialHandle, state: str, *, values: Mapping[str, float] | None = None, said: str = ""
    ) -> None:
        """Ends a trial: first in its file, then for Optuna; who takes it after a kill between the two tells Optuna."""
        record = handle.record
        if record["state"] not in FINAL:
            if values is not None:
                record["values"] = dict(values)
            self._close(record, state)
            handle.note(state=state, said=said)
        told = [record["values"][one.name] for one in self.settings.objectives] if state == "finished" else None
        self.optuna.tell(handle.frozen, STATES[record["state"]], told)
        handle.leases[0].finish()
        shown = " ".join(f"{name} {value:.6g}" for name, value in record["values"].items()) if told else record["said"]
        say(f"== trial {handle.number} {record['state']}{f': {shown}' if shown else ''}")

    def _like(self, handle: TrialHandle, number: int) -> None:
        """Its run is another trial's: it ends as that one did, or waits until that one has."""
        other = self.campaign.trial(number)
        if other is not None and other["state"] in ("finished", "pruned"):
            handle.record |= {"run_id": other["run_id"], "step": other["step"], "values": dict(other["values"])}
            self._end(handle, other["state"], values=other["values"], said=f"the same run as trial {number}")
            return
        handle.record["waits_for"] = number
        self._give_back(handle, f"trial {number} is at the same run")

    def _give_back(self, handle: TrialHandle, outcome: str) -> None:
        if not handle.leases[0].holds():
            return
        self._close(handle.record, outcome)
        handle.note(state="waiting")
        handle.leases[0].release()

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
    leases, records = campaign.leases(), {trial["number"]: trial for trial in trials}
    spent = bool(campaign.used_up(trials))
    free = 0
    for number in range(campaign.asked_for):
        record, last = records.get(number), leases.last(f"trial-{number}")
        if record is not None and record["state"] in FINAL and leases.is_done(f"trial-{number}"):
            continue
        if may_go_on(record, records, spent) and not (last is not None and leases.alive(last)):
            free += 1
    return free


def gpus() -> int:
    """How many GPUs this worker holds."""
    seen = [one for one in os.environ.get("CUDA_VISIBLE_DEVICES", "").split(",") if one not in ("", "-1", "NoDevFiles")]
    return len(seen) * int(os.environ.get("SLURM_JOB_NUM_NODES", "1"))
