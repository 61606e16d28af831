"""Ray Tune as the driver: what it is told, what is refused, a trial without it; and, marked e2e, Ray itself."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil
import pytest
from omegaconf import OmegaConf
from optuna.trial import TrialState

from shipworthy.core.errors import ShipworthyError, UsageError
from shipworthy.core.interrupt import StopRequestedError
from shipworthy.execution.campaigns.launcher import launcher
from shipworthy.execution.campaigns.supervise import Supervisor
from shipworthy.execution.executors import ray
from shipworthy.execution.executors.local import LocalExecutor
from shipworthy.execution.executors.ray import RayExecutor
from shipworthy.track.hpo.campaign import Campaign, counts
from shipworthy.track.hpo.schema import Search
from tests.conftest import PROGRAM, ROOT
from tests.execution.campaigns import cheap, cheap_trial

CONDITIONAL = {
    "adapter": {"categorical": ["lora", "none"]},
    "adapter.rank": {"int": [4, 64], "log": True, "when": {"adapter": ["lora"]}},
    "optimizer.lr": {"float": [1e-4, 1e-2], "log": True},
}
MARK = "SHIPWORTHY_TEST_OF_RAY"
PATH = f"{ROOT / 'src'}{os.pathsep}{ROOT}"
MARKS = [pytest.mark.e2e, pytest.mark.timeout(1200)]


def said_of(settings: dict[str, Any]) -> str:
    with pytest.raises(UsageError) as error:
        OmegaConf.to_object(OmegaConf.merge(OmegaConf.structured(Search), settings))
    return str(error.value)


def test_what_ray_can_not_do_is_refused():
    assert said_of({"driver": "dask"}) == "hpo.driver=dask must be optuna or ray."
    said = said_of({"driver": "ray", "sampler": {"name": "gp"}})
    assert said == "hpo.driver=ray has no hpo.sampler.name=gp: take tpe, cmaes, random."
    said = said_of({"driver": "ray", "pruner": {"name": "hyperband"}})
    assert said == "hpo.driver=ray has no hpo.pruner.name=hyperband: take none, median, asha."
    with pytest.raises(UsageError, match=r"works on this machine: drop hydra/launcher=slurm_cpu"):
        launcher(["hydra/launcher=slurm_cpu"], "ray", detach=False, dry_run=False)


def test_without_the_toolchain_one_sentence_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("SHIPWORTHY_CACHE", str(tmp_path))
    with pytest.raises(
        ShipworthyError, match=r"^Ray is not built in .*: run toolchains/ray/build \(a minute, once\), or"
    ):
        launcher([], "ray", detach=False, dry_run=False)


def test_the_order_says_all_that_the_driver_must_know(tmp_path: Path):
    settings = {"driver": "ray", "pruner": {"name": "asha"}, "budget": {"trials": 9}}
    campaign = cheap.new(tmp_path, space=CONDITIONAL, **settings)
    order = json.loads(json.dumps(ray.order(campaign)))
    assert [one["key"] for one in order["space"]] == ["adapter", "optimizer.lr", "adapter.rank"], (
        "each after its condition"
    )
    assert order["space"][2] == {
        "key": "adapter.rank",
        "kind": "int",
        "low": 4,
        "high": 64,
        "log": True,
        "step": None,
        "choices": [],
        "when": {"adapter": ["lora"]},
    }
    assert order["pruner"] == {"name": "asha", "first_step": 1, "last_step": 4, "reduction": 4, "startup": 5}
    assert (order["asked_for"], order["known"]) == (9, [])


@pytest.mark.parametrize(("x", "outside"), [(0.25, False), (2.5, True)])
def test_the_recipe_is_the_first_trial_that_the_driver_knows(tmp_path: Path, x: float, outside: bool):
    recipe = {"x": x, "y": 2}
    campaign = cheap.new(tmp_path, recipe=recipe, driver="ray", budget={"trials": 3})
    order = ray.order(campaign)
    (first,) = order["known"]
    assert (first["number"], first["state"], order["recipe_outside"]) == (0, "waiting", outside)
    assert first["params"] == ({} if outside else recipe)


def test_the_recipe_keeps_its_own_values_and_is_not_ended_by_the_driver(tmp_path: Path):
    campaign = cheap.new(tmp_path, recipe={"x": 2.5, "y": 2}, driver="ray", budget={"trials": 2})
    with Driver(campaign, 0, {"x": 0.5, "y": 4}) as driver:
        told = driver.hear()
    assert told["state"] == "finished" and told["values"]["metric"] == pytest.approx(cheap.quality({"x": 2.5}))


class Driver:
    """Plays the driver for one trial."""

    def __init__(self, campaign: Campaign, number: int, params: dict[str, Any]) -> None:
        self.process = subprocess.Popen(
            [*command(campaign), str(number), "0"],
            env={**os.environ, "PYTHONPATH": PATH},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.say(json.dumps(params))

    def __enter__(self) -> "Driver":
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.communicate()

    def say(self, text: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(text + "\n")
        self.process.stdin.flush()

    def hear(self) -> dict[str, Any]:
        assert self.process.stdout is not None
        found: dict[str, Any] = json.loads(self.process.stdout.readline())
        return found


def command(campaign: Campaign) -> list[str]:
    return [sys.executable, cheap_trial.__file__, str(campaign.folder)]


def supervisor(campaign: Campaign) -> Supervisor:
    local = LocalExecutor(campaign, ["false"], {"PYTHONPATH": PATH})
    return Supervisor(campaign, RayExecutor(local, command(campaign)))


def test_a_trial_takes_its_values_tells_its_validations_and_obeys(tmp_path: Path):
    campaign = cheap.new(tmp_path, budget={"trials": 3})
    params = {"x": 0.3, "y": 4}
    with Driver(campaign, 1, params) as good, Driver(campaign, 0, {"x": 0.9, "y": 1}) as bad:
        for step in (1, 2, 3):
            assert good.hear() == {"step": step, "value": pytest.approx(step / 4)}
            good.say("on")
        assert good.hear() == {"state": "finished", "step": 4, "values": {"metric": pytest.approx(1.0)}}
        assert bad.hear()["step"] == 1
        bad.say("stop")
        assert bad.hear() == {"state": "pruned", "step": 1, "values": {}}
        assert (good.process.wait(), bad.process.wait()) == (0, 0)
    pruned, finished, open_one = campaign.optuna().all()
    assert (pruned.state, finished.state, open_one.state) == (
        TrialState.PRUNED,
        TrialState.COMPLETE,
        TrialState.WAITING,
    )
    assert finished.params == campaign.trials()[1]["params"] == params
    assert finished.intermediate_values == {1: pytest.approx(0.25), 2: pytest.approx(0.5), 3: pytest.approx(0.75)}
    known = ray.order(campaign)["known"]
    assert [(one["number"], one["state"]) for one in known] == [(0, "pruned"), (1, "finished")]
    assert known[0]["reports"] == [(1, pytest.approx(0.16))]


def test_a_trial_whose_driver_is_gone_waits_for_the_next_with_its_values(tmp_path: Path):
    campaign = cheap.new(tmp_path, budget={"trials": 1})
    with Driver(campaign, 0, {"x": 0.25, "y": 2}) as orphan:
        assert orphan.hear()["step"] == 1
        assert orphan.process.stdin is not None
        orphan.process.stdin.close()
        assert orphan.process.wait() == StopRequestedError.exit_code
        orphan.process.stdin = None
    (known,) = ray.order(campaign)["known"]
    assert (known["state"], known["params"]) == ("waiting", {"x": 0.25, "y": 2})
    with Driver(campaign, 0, {"x": 0.25, "y": 2}) as heir:
        assert heir.hear()["step"] == 2, "on from its checkpoint"


def until(ready: Callable[[], object]) -> None:
    deadline = time.monotonic() + 120
    while not ready():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def left(folder: Path) -> list[psutil.Process]:
    """Processes that a test started and that are still there."""
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.NoSuchProcess, psutil.AccessDenied):
            marked = process.environ().get(MARK) == str(folder)
            if marked and process.pid != os.getpid() and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
    return found


@pytest.fixture(autouse=True)
def _mark(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(MARK, str(tmp_path))


@pytest.fixture(scope="session")
def toolchain() -> Path:
    """The interpreter that has Ray, built if need be."""
    built = subprocess.run([sys.executable, ROOT / ray.FOLDER / "build"], capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stderr
    return ray.locate()


ALONE = (
    "import sys; from pathlib import Path; from shipworthy.core.files import read_json\n"
    "from shipworthy.execution.campaigns.supervise import Supervisor\n"
    "from shipworthy.execution.executors.local import LocalExecutor\n"
    "from shipworthy.execution.executors.ray import RayExecutor\n"
    "from shipworthy.track.hpo.campaign import Campaign\n"
    "folder, path, *command = sys.argv[1:]\n"
    "campaign = Campaign(Path(folder), read_json(Path(folder) / 'campaign.json'))\n"
    "local = LocalExecutor(campaign, ['false'], {'PYTHONPATH': path})\n"
    "Supervisor(campaign, RayExecutor(local, command)).supervise()"
)


def made(folder: Path, number: int) -> list[int]:
    """The steps of a cheap trial, as they were made."""
    path = folder / "steps" / f"{number}.txt"
    return [int(line.split()[0]) for line in path.read_text().splitlines()] if path.is_file() else []


class TestRay:
    """The real one; what is marked long has a short form in the tests of Driver and in those that are next to it."""

    pytestmark = MARKS

    @pytest.mark.long
    def test_killed_stopped_and_gone_on_with_no_trial_is_lost_or_counted_twice(self, tmp_path: Path, toolchain: Path):
        pruner = {"name": "asha", "first_step": 8, "reduction": 2}
        settings = {"driver": "ray", "pruner": pruner, "budget": {"trials": 6}, "workers": 2}
        campaign = cheap.new(tmp_path, steps=48, pace_s=0.25, **settings)
        campaign.record["root"] = str(ROOT)
        campaign.save()
        line = [sys.executable, "-c", ALONE, str(tmp_path), PATH, *command(campaign)]
        process = subprocess.Popen(line, stderr=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": PATH})
        until(lambda: 0 < len(made(tmp_path, 0)) < 30)
        os.kill(campaign.trials()[0]["attempts"][0]["pid"], signal.SIGKILL)
        until(lambda: any(len(one["attempts"]) == 2 for one in campaign.trials()))
        until(
            lambda: any(
                one["state"] == "running" and len(made(tmp_path, one["number"])) < 30 for one in campaign.trials()
            )
        )
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=300)
        assert "stopped by SIGINT: the trials that ran are saved" in said
        begun = campaign.trials()
        assert begun[0]["attempts"][0]["outcome"] == "killed"
        assert {one["state"] for one in begun} <= {"waiting", "finished", "pruned"}
        assert counts(begun)["waiting"]
        assert left(tmp_path) == []

        supervisor(campaign).supervise()
        trials = campaign.trials()
        assert [one["number"] for one in trials] == list(range(6))
        assert {one["state"] for one in trials} == {"finished", "pruned"}, "ASHA ended some of them early"
        assert [one["params"] for one in trials[: len(begun)]] == [one["params"] for one in begun]
        for one in trials:
            assert made(tmp_path, one["number"]) == list(range(1, one["step"] + 1)), "every step was made once"
        ends = {TrialState.COMPLETE: "finished", TrialState.PRUNED: "pruned"}
        assert [ends[one.state] for one in campaign.optuna().all()] == [one["state"] for one in trials]
        assert left(tmp_path) == []

    def test_a_driver_that_is_killed_leaves_nothing_behind(self, tmp_path: Path, toolchain: Path):
        campaign = cheap.new(tmp_path, steps=24, pace_s=0.25, driver="ray", budget={"trials": 3}, workers=2)
        campaign.record["root"] = str(ROOT)
        work = supervisor(campaign)

        def kill() -> None:
            until(lambda: made(tmp_path, 0))
            next(one for one in left(tmp_path) if one.cmdline()[-1].endswith("drive.py")).kill()

        killer = threading.Thread(target=kill)
        killer.start()
        with pytest.raises(ShipworthyError, match=r"Ray's driver was killed by SIGKILL: run it again to go on"):
            work.supervise()
        killer.join()
        until(lambda: not left(tmp_path))
        assert len(campaign.trials()) <= 2

    def test_conditions_several_objectives_and_the_end_of_a_budget(self, tmp_path: Path, toolchain: Path):
        space = {
            "x": {"float": [0.0, 1.0]},
            "kind": {"categorical": ["a", "b"]},
            "y": {"int": [1, 8], "log": True, "when": {"kind": ["b"]}},
        }
        campaign = cheap.new(
            tmp_path,
            pace_s=0.1,
            space=space,
            recipe={"x": 4.0, "kind": "a"},
            driver="ray",
            objectives=[{"name": "metric"}, {"name": "seconds"}],
            budget={"trials": 50, "hours": 0.001},
            workers=2,
        )
        campaign.record["root"] = str(ROOT)
        supervisor(campaign).supervise()
        trials = campaign.trials()
        assert 2 <= len(trials) < 50
        assert {one["state"] for one in trials} == {"finished"}
        assert trials[0]["params"] == {"x": 4.0, "kind": "a"}, "the recipe itself, which lies outside the space"
        assert trials[0]["values"]["metric"] == pytest.approx(cheap.quality({"x": 4.0}))
        assert all(one["params"]["x"] <= 1 for one in trials[1:])
        assert all(("y" in one["params"]) == (one["params"]["kind"] == "b") for one in trials)
        assert [one.values for one in campaign.optuna().all() if one.state is TrialState.COMPLETE] == [
            [one["values"]["metric"], one["values"]["seconds"]] for one in trials
        ]
        assert left(tmp_path) == []

    @pytest.mark.parametrize("name", ["asha", "median"])
    def test_no_trial_is_ended_at_its_last_step(self, name: str, toolchain: Path):
        """What is poor ends on its way; what is no worse than others before its last step goes to its end."""
        pruner = {"name": name, "first_step": 1, "last_step": 16, "reduction": 2, "startup": 2}
        order = {"pruner": pruner, "objectives": [{"name": "metric", "direction": "maximize"}], "known": []}
        script = """if True:
            import json, sys
            from early import Known, scheduler
            found, ended = scheduler(json.loads(sys.argv[1])), []
            for number in range(30):
                trial = Known(number)
                found.on_trial_add(None, trial)
                for step in range(1, 17):
                    value = 10 if number < 5 and step == 16 else 0.5 if number < 20 else 0.1
                    result = {"step": step, "metric": value, "time_total_s": step}
                    if found.on_trial_result(None, trial, result) == "STOP":
                        ended.append([number, step])
                        break
                else:
                    found.on_trial_complete(None, trial, result)
            print(json.dumps(ended))"""
        command = [toolchain, "-c", script, json.dumps(order)]
        folder = ROOT / "toolchains" / "ray"
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        ended = json.loads(done.stdout.splitlines()[-1])
        assert [number for number, _ in ended] == list(range(20, 30))
        assert all(step < 16 for _, step in ended)

    @pytest.mark.long
    def test_a_campaign_of_trainings_ends_with_a_winner_and_a_report(self, tmp_path: Path, toolchain: Path):
        for name in ("conf", "data", "extensions", "src", "toolchains", "pyproject.toml", "requirements.lock"):
            (tmp_path / name).symlink_to(ROOT / name)

        def shipworthy(name: str, *overrides: str) -> str:
            base = ["experiment=adult_xgboost", "data.sample=0.1"]
            done = subprocess.run(
                [PROGRAM, name, *base, *overrides], cwd=tmp_path, capture_output=True, text=True, check=False
            )
            assert done.returncode == 0, done.stdout + done.stderr
            return done.stdout

        for name in ("fetch", "plan", "prepare"):
            shipworthy(name)
        said = shipworthy("tune", "hpo=xgboost_ray", "hpo.budget.trials=4", "model.rounds=60")
        (folder,) = (tmp_path / "runs" / "campaigns").iterdir()
        campaign = Campaign.find(folder.parents[1], folder.name)
        trials = campaign.trials()
        assert len(trials) == 4
        assert {one["state"] for one in trials} <= {"finished", "pruned"}
        assert all((tmp_path / "runs" / one["run_id"] / "record.json").is_file() for one in trials)
        winner = json.loads((folder / "winner.json").read_text())
        assert winner["trial"] == campaign.best(trials)[0]["number"]
        assert winner["unseen"]["rows"] > 0
        assert f"campaign {folder.name}: 4 trials, 2 at a time" in said
        assert (folder / "report.html").is_file()
        assert left(tmp_path) == []
