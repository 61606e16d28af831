"""Workers of a campaign, one after another or at once: every trial is done once, whatever happens to them."""

import math
import os
import threading
import time
from pathlib import Path

import optuna
import pytest
from optuna.trial import TrialState

from shipworthy.core import interrupt
from shipworthy.core.errors import ArtifactError, ShipworthyError
from shipworthy.core.interrupt import StopRequestedError
from shipworthy.execution.campaigns.handle import LostError, TrialHandle
from shipworthy.execution.campaigns.worker import Worker, takeable
from shipworthy.track.hpo.campaign import FINAL, Campaign, counts
from shipworthy.track.hpo.study import AsSeen
from tests.execution.campaigns.cheap import Cheap, new, quality


@pytest.fixture(autouse=True)
def _nobody_asks():
    interrupt._asked.clear()
    yield
    interrupt._asked.clear()


def work(campaign: Campaign, odd=lambda trial: None, number: int = 0) -> None:
    Worker(campaign, number).work(Cheap(campaign, odd))


def states(campaign: Campaign) -> list[str]:
    return [trial["state"] for trial in campaign.trials()]


def of_optuna(campaign: Campaign) -> list[TrialState]:
    return [trial.state for trial in campaign.optuna().all()]


def test_as_many_trials_as_were_asked_for(tmp_path: Path):
    campaign = new(tmp_path, budget={"trials": 7})
    work(campaign)
    assert states(campaign) == ["finished"] * 7
    assert of_optuna(campaign) == [TrialState.COMPLETE] * 7
    assert campaign.over(campaign.trials()) and takeable(campaign, campaign.trials()) == 0
    for trial in campaign.trials():
        assert trial["values"] == {"metric": pytest.approx(quality(trial["params"]))}
        assert trial["step"] == 4 and len(trial["attempts"]) == 1
    best = campaign.best(campaign.trials())
    assert best[0]["values"]["metric"] == max(trial["values"]["metric"] for trial in campaign.trials())
    work(campaign)
    assert len(campaign.optuna().all()) == 7, "another worker finds nothing to do"


def test_workers_at_once_share_the_trials(tmp_path: Path):
    campaign = new(tmp_path, budget={"trials": 20}, pace_s=0.01)
    threads = [threading.Thread(target=work, args=(campaign,), kwargs={"number": n}) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert states(campaign) == ["finished"] * 20
    assert all(len(trial["attempts"]) == 1 for trial in campaign.trials())
    assert len({trial["attempts"][0]["worker"] for trial in campaign.trials()}) > 1
    lines = [path.read_text().splitlines() for path in (tmp_path / "steps").iterdir()]
    assert [len(one) for one in lines] == [4] * 20, "no step was made twice"


def test_a_trial_without_a_number_or_with_an_error_is_failed_and_the_campaign_goes_on(tmp_path: Path, capsys):
    def odd(trial: TrialHandle):
        match trial.number:
            case 1:
                return {"metric": math.nan}
            case 2:
                raise ShipworthyError("The loss is not a number at step 3.")
            case 3:
                raise ZeroDivisionError("division by zero")
        return None

    campaign = new(tmp_path, budget={"trials": 5})
    work(campaign, odd)
    assert states(campaign) == ["finished", "failed", "failed", "failed", "finished"]
    assert [trial["said"] for trial in campaign.trials()][1:4] == [
        "metric is nan, which is no result.",
        "The loss is not a number at step 3.",
        "ZeroDivisionError: division by zero",
    ]
    assert of_optuna(campaign).count(TrialState.FAIL) == 3
    shown = capsys.readouterr()
    assert shown.err.count("Traceback") == 1, "of what is no user's error"


def test_what_no_trial_can_do_anything_about_ends_the_worker_and_no_trial(tmp_path: Path):
    def odd(trial: TrialHandle):
        raise ArtifactError("There is no dataset.")

    campaign = new(tmp_path, budget={"trials": 3})
    with pytest.raises(ArtifactError):
        work(campaign, odd)
    assert states(campaign) == ["waiting"]
    work(campaign)
    assert states(campaign) == ["finished"] * 3


def test_who_is_asked_to_stop_gives_its_trial_back_and_it_goes_on_where_it_stood(tmp_path: Path):
    def odd(trial: TrialHandle):
        if trial.number == 1 and len(trial.record["attempts"]) == 1:
            interrupt.ask("SIGTERM")

    campaign = new(tmp_path, budget={"trials": 4})
    with pytest.raises(StopRequestedError):
        work(campaign, odd)
    assert states(campaign) == ["finished", "waiting"]
    assert takeable(campaign, campaign.trials()) == 3
    with pytest.raises(StopRequestedError, match="between two trials"):
        work(campaign, odd)
    interrupt.withdraw("SIGTERM")
    work(campaign, odd, number=1)
    assert states(campaign) == ["finished"] * 4
    outcomes = [attempt["outcome"] for attempt in campaign.trials()[1]["attempts"]]
    assert outcomes == ["SIGTERM", "finished"]
    steps = (tmp_path / "steps" / "1.txt").read_text().splitlines()
    assert [line.split()[0] for line in steps] == ["1", "2", "3", "4"], "on from its checkpoint"


class Killed(BaseException):
    """Ends a worker as a kill does: nothing of it is noted."""


def killed_at(campaign: Campaign, number: int) -> None:
    """A worker on another machine that is killed at this trial."""
    worker = Worker(campaign, 9)
    worker.me |= {"host": "n7"}

    def odd(trial: TrialHandle):
        if trial.number == number:
            raise Killed

    with pytest.raises(Killed):
        worker.work(Cheap(campaign, odd))
    lease = worker.leases.last(f"trial-{number}")
    assert lease is not None and not lease.released.exists()


def silent(campaign: Campaign, number: int) -> None:
    """Lets more than a lease pass since the last renewal by the worker that held this trial."""
    lease = campaign.leases().last(f"trial-{number}")
    assert lease is not None
    os.utime(lease.path, (time.time() - 120,) * 2)


def test_a_killed_workers_trial_is_another_s_when_the_lease_is_over(tmp_path: Path):
    campaign = new(tmp_path, budget={"trials": 3}, lease_s=60)
    killed_at(campaign, 1)
    work(campaign)
    assert states(campaign) == ["finished", "running", "finished"], "others' trials are not waited for"
    assert not campaign.over(campaign.trials())
    silent(campaign, 1)
    work(campaign)
    assert states(campaign) == ["finished"] * 3
    assert [attempt["outcome"] for attempt in campaign.trials()[1]["attempts"]] == ["killed", "finished"]
    assert of_optuna(campaign) == [TrialState.COMPLETE] * 3


def test_a_trial_whose_workers_are_killed_too_often_is_failed(tmp_path: Path):
    campaign = new(tmp_path, budget={"trials": 2}, lease_s=60, retries=1)
    for _ in range(2):
        killed_at(campaign, 0)
        silent(campaign, 0)
    work(campaign)
    assert states(campaign) == ["failed", "finished"]
    assert campaign.trials()[0]["said"] == "its worker was killed 2 times, and hpo.retries=1."
    assert of_optuna(campaign) == [TrialState.FAIL, TrialState.COMPLETE]


def test_a_worker_killed_between_its_file_and_optuna_loses_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    campaign = new(tmp_path, budget={"trials": 2}, lease_s=60)
    worker = Worker(campaign, 0)
    worker.me |= {"host": "n7"}

    def die(*_: object) -> None:
        raise Killed

    monkeypatch.setattr(worker.optuna, "tell", die)
    with pytest.raises(Killed):
        worker.work(Cheap(campaign))
    assert states(campaign) == ["finished"] and of_optuna(campaign)[0] == TrialState.RUNNING
    silent(campaign, 0)
    work(campaign)
    assert of_optuna(campaign) == [TrialState.COMPLETE] * 2
    assert len((tmp_path / "steps" / "0.txt").read_text().splitlines()) == 4, "it was not run again"


def test_a_worker_that_was_thought_dead_writes_nothing_more(tmp_path: Path):
    campaign = new(tmp_path, budget={"trials": 1})

    def odd(trial: TrialHandle):
        trial.leases[0].release()  # as if it had run out
        other = Worker(campaign, 1)
        taken = other.take()
        assert taken is not None and taken.number == trial.number
        other._end(taken, "finished", values={"metric": 0.5})
        with pytest.raises(LostError):
            trial.report(3, 0.1)
        return {"metric": 0.9}

    work(campaign, odd)
    (trial,) = campaign.trials()
    assert trial["values"] == {"metric": 0.5}
    assert campaign.optuna().all()[0].values == [0.5]


def test_no_trial_is_begun_when_the_money_is_spent_and_a_begun_one_ends(tmp_path: Path):
    campaign = new(tmp_path, budget={"trials": 50, "money": 0.5}, steps=2, pace_s=0.05)  # a second costs 1
    work(campaign)
    begun = len(campaign.trials())
    assert 2 <= begun < 20
    assert counts(campaign.trials())["finished"] == begun
    assert campaign.over(campaign.trials())
    assert campaign.used_up(campaign.trials()) == "hpo.budget.money=0.5 is used up"
    assert campaign.spent(campaign.trials())["money"] == pytest.approx(0.5, abs=0.4)
    campaign.record["settings"]["budget"]["money"] = 0.0
    assert not campaign.over(campaign.trials()), "with more of it, it goes on"


def test_workers_on_one_machine_share_its_hours(tmp_path: Path):
    campaign = new(tmp_path)
    spans = [("a", 0, 3600, 1), ("a", 1800, 5400, 1), ("b", 0, 3600, 0)]
    attempts = [
        {"host": h, "began": b + 1.0, "ended": e + 1.0, "gpus": g, "outcome": "finished"} for h, b, e, g in spans
    ]
    spent = campaign.spent([{"number": 0, "state": "finished", "run_id": "", "attempts": attempts}])
    assert spent == {"gpu_hours": 2.0, "hours": 1.5, "money": pytest.approx(2.5 * 3600)}


def test_a_pruned_trial_ends_early_and_keeps_its_place(tmp_path: Path):
    campaign = new(tmp_path, steps=8, budget={"trials": 20}, pruner={"name": "median", "startup": 3})
    work(campaign)
    found = counts(campaign.trials())
    assert found["pruned"] >= 3 and found["pruned"] + found["finished"] == 20
    assert all(trial["step"] < 8 for trial in campaign.trials() if trial["state"] == "pruned")
    steps = sum(len(path.read_text().splitlines()) for path in (tmp_path / "steps").iterdir())
    assert steps == sum(trial["step"] for trial in campaign.trials()) < 160


INSIDE, OUTSIDE = {"x": 0.9, "y": 2}, {"x": 9.0, "y": 2}


def test_the_recipe_itself_is_the_first_trial_and_never_pruned(tmp_path: Path):
    """At 0.9 it is worse than the median of the others, which is pruned elsewhere."""
    pruner = {"name": "median", "startup": 0}
    campaign = new(tmp_path, steps=8, recipe=INSIDE, budget={"trials": 12}, pruner=pruner)
    worker = Worker(campaign, 0)
    later, first = (worker._begin(number, worker.leases.take(f"trial-{number}", {})) for number in (1, 0))
    assert later is not None and first is not None
    for step in range(1, 8):
        assert not later.report(step, 0.9) and not first.report(step, 0.1)
    for handle in (later, first):
        worker._give_back(handle, "stopped")
    work(campaign)
    trials = campaign.trials()
    assert trials[0]["params"] == INSIDE and trials[0]["overrides"] == []
    assert trials[0]["state"] == "finished" and all(trial["overrides"] for trial in trials[1:])
    found = campaign.optuna().all()[0]
    assert found.params == INSIDE and found.state is TrialState.COMPLETE and len(found.intermediate_values) == 7


@pytest.mark.parametrize(
    "sampler", [{"name": "tpe", "startup": 2, "multivariate": True}, {"name": "gp", "startup": 2}, {"name": "cmaes"}]
)
def test_a_recipe_outside_the_space_is_run_and_samplers_do_not_see_it(tmp_path: Path, sampler: dict[str, object]):
    campaign = new(tmp_path, recipe=OUTSIDE, budget={"trials": 8}, sampler=sampler)
    work(campaign)
    trials = campaign.trials()
    assert trials[0]["params"] == OUTSIDE and trials[0]["values"]["metric"] == pytest.approx(quality(OUTSIDE))
    assert campaign.optuna().all()[0].params == {}
    space = optuna.search_space.IntersectionSearchSpace().calculate(campaign.optuna()._study(8, AsSeen))
    assert set(space) == {"x", "y"}, "the others have keys in common"
    assert all(0 <= trial["params"]["x"] <= 1 for trial in trials[1:])


def test_several_objectives_end_in_a_front(tmp_path: Path):
    campaign = new(tmp_path, budget={"trials": 25}, objectives=[{"name": "metric"}, {"name": "seconds"}])
    work(campaign)
    front = campaign.best(campaign.trials())
    assert 1 < len(front) < 25
    values = [(trial["values"]["metric"], -trial["values"]["seconds"]) for trial in campaign.trials()]
    for trial in front:
        mine = (trial["values"]["metric"], -trial["values"]["seconds"])
        assert not any(a >= mine[0] and b >= mine[1] and (a, b) != mine for a, b in values)
    assert [trial["values"]["metric"] for trial in front] == sorted(
        (trial["values"]["metric"] for trial in front), reverse=True
    )
    study = optuna.load_study(study_name=campaign.name, storage=campaign.optuna().storage)
    assert {trial.number for trial in study.best_trials} == {trial["number"] for trial in front}


def test_a_plan_is_worked_off_as_it_stands(tmp_path: Path):
    plan = [{"name": f"v{n}", "overrides": [f"seed={n}"]} for n in range(3)]
    campaign = new(tmp_path, plan=plan, budget={"trials": 3})
    work(campaign)
    assert [(trial["name"], trial["overrides"], trial["state"]) for trial in campaign.trials()] == [
        (one["name"], one["overrides"], "finished") for one in plan
    ]


def test_two_trials_of_one_run_are_never_at_it_together(tmp_path: Path):
    plan = [{"name": str(n), "overrides": []} for n in range(4)]
    campaign = new(tmp_path, plan=plan, budget={"trials": 4})
    ran = []

    def odd(trial: TrialHandle):
        trial.enters("abc" if trial.number in (0, 1, 2) else "other")
        if trial.number == 0:
            work(campaign, odd, number=1)  # another worker, meanwhile: finds 1 and 2 to be the same run, and does 3
            assert [campaign.trial(n)["state"] for n in (1, 2, 3)] == ["waiting", "waiting", "finished"]
            assert takeable(campaign, campaign.trials()) == 0
        ran.append(trial.number)
        return {"metric": 0.25}

    work(campaign, odd)
    assert ran == [3, 0], "1 and 2 took what 0 has found"
    assert states(campaign) == ["finished"] * 4
    assert [trial["values"]["metric"] for trial in campaign.trials()] == [0.25] * 4
    assert campaign.trials()[1]["said"] == "the same run as trial 0"
    assert of_optuna(campaign) == [TrialState.COMPLETE] * 4
    assert all(trial["state"] in FINAL for trial in campaign.trials())
