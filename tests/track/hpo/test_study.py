"""Optuna's side: a journal that outlives a kill, trials made once, values that follow from the seed, pruning."""

from pathlib import Path

import optuna
import pytest
from optuna.trial import TrialState

from shipworthy.core.errors import ShipworthyError, UsageError
from shipworthy.track.hpo.schema import Pruner
from shipworthy.track.hpo.space import parse
from shipworthy.track.hpo.study import JOURNAL, make, open_storage, pruner
from tests.execution.campaigns.cheap import SPACE, new, quality


def test_a_line_cut_off_by_a_kill_is_no_hindrance(tmp_path: Path):
    make(open_storage(tmp_path, ""), "s", ["maximize"], 3)
    whole = (tmp_path / JOURNAL).read_bytes()
    (tmp_path / JOURNAL).write_bytes(whole + b'{"op_code":4,"worker_id":"x","stu')
    make(open_storage(tmp_path, ""), "s", ["maximize"], 5)
    study = optuna.load_study(study_name="s", storage=open_storage(tmp_path, ""))
    assert [trial.state for trial in study.trials] == [TrialState.WAITING] * 5
    assert (tmp_path / JOURNAL).read_bytes().startswith(whole)


def test_trials_are_made_once(tmp_path: Path):
    for trials in (3, 3, 2):
        make(open_storage(tmp_path, ""), "s", ["maximize"], trials)
    assert len(optuna.load_study(study_name="s", storage=open_storage(tmp_path, "")).trials) == 3


@pytest.mark.parametrize("sampler", ["tpe", "gp", "cmaes", "random"])
def test_values_follow_from_seed_and_number_whoever_asks(tmp_path: Path, sampler: str):
    def history(folder: Path) -> list[dict[str, object]]:
        settings = {"sampler": {"name": sampler}, "budget": {"trials": 14}}
        campaign = new(folder, **settings)
        found = []
        for number in range(14):
            trials = campaign.optuna()  # another worker
            trial = trials.all()[number]
            found.append(trials.values(trial, parse(SPACE)))
            assert trials.values(trials.all()[number], parse(SPACE)) == found[-1], "asked again, they stay"
            trials.tell(trial, TrialState.COMPLETE, [quality(found[-1])])
        return found

    one = history(tmp_path / "one")
    assert one == history(tmp_path / "two")
    assert len({tuple(params.items()) for params in one}) > 10
    assert all(0 <= params["x"] <= 1 and params["y"] in range(1, 9) for params in one)


@pytest.mark.parametrize("metric", ["accuracy", "brier"])
@pytest.mark.parametrize("name", ["median", "hyperband", "asha", "forecast"])
def test_a_bad_trial_is_pruned_and_a_good_one_is_not(tmp_path: Path, name: str, metric: str):
    settings = {"reduction": 2} if name in {"hyperband", "asha"} else {"startup": 5}
    campaign = new(tmp_path, metric=metric, steps=16, budget={"trials": 30}, pruner={"name": name, **settings})
    trials = campaign.optuna()

    def runs_to(number: int, goodness: float) -> int:
        value = goodness if metric == "accuracy" else 1 - goodness
        trial = trials.all()[number]
        trials.values(trial, parse(SPACE))
        for step in range(1, 16):
            if trials.report(trial, step, value):
                trials.tell(trial, TrialState.PRUNED, None)
                return step
        trials.tell(trial, TrialState.COMPLETE, [value])
        return 16

    assert [runs_to(number, 0.5) for number in range(10)].count(16) >= 2
    assert runs_to(10, 0.9) == 16
    assert min(runs_to(number, 0.1) for number in range(11, 20)) < 16


@pytest.mark.parametrize("name", ["median", "hyperband", "asha", "forecast"])
def test_no_trial_is_pruned_at_its_last_step(tmp_path: Path, name: str):
    settings = {"reduction": 2} if name in {"hyperband", "asha"} else {"startup": 5}
    trials = new(tmp_path, steps=16, budget={"trials": 30}, pruner={"name": name, **settings}).optuna()
    before, at_the_end = [], []
    for number in range(30):
        trial = trials.all()[number]
        trials.values(trial, parse(SPACE))
        value = 1 - number / 30
        told = [trials.report(trial, step, value) for step in range(1, 17)]
        before.append(any(told[:-1]))
        at_the_end.append(told[-1])
        trials.tell(trial, TrialState.COMPLETE, [value])
    assert any(before) and not any(at_the_end)


def test_hyperband_needs_to_know_the_end():
    with pytest.raises(UsageError, match="needs hpo.pruner.last_step"):
        pruner(Pruner(name="hyperband"), None, None)
    with pytest.raises(UsageError, match="nothing can be ended early"):
        pruner(Pruner(name="hyperband"), 400, 400)


def test_a_database_by_an_environment_variable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    with pytest.raises(UsageError, match="STORE is not set"):
        open_storage(tmp_path, "env:STORE")
    monkeypatch.setenv("STORE", f"sqlite:///{tmp_path}/optuna.db")
    make(open_storage(tmp_path, "env:STORE"), "s", ["maximize"], 2)
    assert len(optuna.load_study(study_name="s", storage=f"sqlite:///{tmp_path}/optuna.db").trials) == 2
    assert not (tmp_path / JOURNAL).exists()
    monkeypatch.setenv("STORE", "sqlite:////no/such/folder/hunter2.db")
    with pytest.raises(ShipworthyError) as error:
        open_storage(tmp_path, "env:STORE")
    assert "hunter2" not in str(error.value)
