"""Hours, money, energy and waste against numbers worked out by hand."""

import os
from pathlib import Path
from typing import Any

import pytest

from shipworthy.track.cost.cost import Cost, Price, of_run
from shipworthy.track.cost.groups import groups
from shipworthy.track.cost.waste import RepeatedWork
from shipworthy.track.runs.registry import Run, read, read_all
from tests.track.cost.made import BEGAN, start, write_run

STEPS = [{"step": i, "step_s": 6.0} for i in range(1, 101)]


def cost(folder: Path, price: Price | None = None) -> Cost:
    run = read(folder)
    assert isinstance(run, Run)
    return of_run(run, price)


def test_hours_and_money_of_all_starts(tmp_path: Path) -> None:
    starts = [
        start(1, BEGAN, BEGAN + 1800, "killed", step=30),
        start(2, BEGAN + 3600, BEGAN + 7200, price_per_hour=2.0, gpus=["G", "G"], cpus=8),
    ]
    found = cost(write_run(tmp_path, "r1", starts, training={"seconds": 5000}))
    assert (found.starts, found.seconds) == (2, 5400)
    assert found.gpu_s == 2 * 3600
    assert found.cpu_s == 2 * 1800 + 8 * 3600
    assert found.money == {"USD": pytest.approx(0.25 + 2.0)}
    assert found.by_force == 0


def test_two_currencies_are_not_added(tmp_path: Path) -> None:
    starts = [start(1, BEGAN, BEGAN + 3600, "killed"), start(2, BEGAN + 4000, BEGAN + 7600, currency="EUR")]
    assert cost(write_run(tmp_path, "r1", starts, training={})).money == {"USD": 0.5, "EUR": 0.5}


def test_the_same_hours_on_another_machine(tmp_path: Path) -> None:
    folder = write_run(tmp_path, "r1", [start(1, BEGAN, BEGAN + 1800)], training={})
    assert cost(folder, Price("big", 8.0, "EUR")).money == {"EUR": 4.0}


def test_a_start_that_was_killed_by_force_counts_until_its_last_sign_before_the_next(tmp_path: Path) -> None:
    starts = [start(1, BEGAN, None), start(2, BEGAN + 1000, BEGAN + 1500)]
    samples = [{"time": BEGAN + t, "cpu_percent": 50} for t in (10, 300, 1100, 1400)]
    found = cost(write_run(tmp_path, "r1", starts, samples=samples, training={}))
    assert found.seconds == 300 + 500
    assert found.by_force == 1


def test_without_samples_the_newest_file_is_the_last_sign(tmp_path: Path) -> None:
    folder = write_run(tmp_path, "r1", [start(1, BEGAN, None)])
    saved = folder / "step-10"
    saved.mkdir()
    (saved / "state.json").write_text('{"progress": {"history": []}}')
    for path in folder.rglob("*"):
        os.utime(path, (BEGAN - 5, BEGAN - 5))
    os.utime(saved / "state.json", (BEGAN + 250, BEGAN + 250))
    assert cost(folder).seconds == 250


def test_a_run_that_left_no_sign_costs_nothing_and_is_counted(tmp_path: Path) -> None:
    folder = write_run(tmp_path, "r1", [start(1, BEGAN, None)])
    for path in folder.rglob("*"):
        os.utime(path, (BEGAN - 5, BEGAN - 5))
    found = cost(folder)
    assert (found.seconds, found.by_force) == (0, 1)


def test_a_run_that_goes_on_counts_until_now(tmp_path: Path) -> None:
    import socket
    import time

    began = time.time() - 50
    mine = start(1, began, None, host=socket.gethostname(), pid=os.getpid())
    if __import__("psutil").Process().create_time() > began + 1:
        mine = start(1, time.time(), None, host=socket.gethostname(), pid=os.getpid())
    found = cost(write_run(tmp_path, "r1", [mine]))
    assert (found.running, found.by_force) == (1, 0)
    assert 0 <= found.seconds < 120


@pytest.mark.parametrize(
    ("first", "second", "again"),
    [
        # Both said where they stood: 7 steps of 6 s.
        ({"status": "failed", "step": 37}, {"from_step": 30}, RepeatedWork(42, 42, 42)),
        # Stopped in order: it saved first.
        ({"status": "killed", "step": 37}, {}, RepeatedWork()),
        # By force, nobody knows where: at most ten steps, the way between two checkpoints.
        (None, {}, RepeatedWork(30, 0, 60)),
        ({"status": "failed", "step": 37}, {}, RepeatedWork(30, 0, 60)),
    ],
)
def test_what_was_done_again(
    tmp_path: Path, first: dict[str, Any] | None, second: dict[str, Any], again: RepeatedWork
) -> None:
    begun = start(1, BEGAN, None) if first is None else start(1, BEGAN, BEGAN + 300, **first)
    samples = [{"time": BEGAN + 300, "cpu_percent": 50}]
    starts = [begun, start(2, BEGAN + 400, BEGAN + 900, **second)]
    assert cost(write_run(tmp_path, "r1", starts, samples=samples, training={}, history=STEPS)).again == again


def test_a_trainer_without_checkpoints_does_all_again(tmp_path: Path) -> None:
    starts = [start(1, BEGAN, BEGAN + 300, "failed"), start(2, BEGAN + 400, BEGAN + 900)]
    found = cost(write_run(tmp_path, "r1", starts, training={}, history=[{"step": 1}], trainer={"kind": "classical"}))
    assert found.again == RepeatedWork(300, 300, 300)


@pytest.mark.parametrize("status", ["failed", "pruned"])
def test_all_of_a_run_without_a_result_is_lost_and_nothing_twice(tmp_path: Path, status: str) -> None:
    starts = [start(1, BEGAN, BEGAN + 100, "failed"), start(2, BEGAN + 200, BEGAN + 260, status)]
    found = cost(write_run(tmp_path, "r1", starts))
    assert found.lost_s == found.seconds == 160
    assert (found.failed_s, found.pruned_s)[status == "pruned"] == 160


def test_energy_by_load_is_assumed(tmp_path: Path) -> None:
    samples = [{"time": BEGAN + t, "cpu_percent": load} for t, load in ((0, 0), (1800, 50), (3600, 100))]
    found = cost(write_run(tmp_path, "r1", [start(1, BEGAN, BEGAN + 3600)], samples=samples, training={})).energy
    # Half busy: (36 + 108) / 2 = 72 W for an hour.
    assert (found.measured, found.assumed, found.unknown_s) == (0.0, pytest.approx(0.072), 0.0)


def test_energy_of_gpus_is_measured_where_they_tell(tmp_path: Path) -> None:
    samples = [
        {"time": BEGAN + t, "cpu_percent": 0, "gpus": [{"power_w": 100.0}, {"power_w": 260.0}]}
        for t in range(0, 1801, 60)
    ]
    starts = [start(1, BEGAN, BEGAN + 3600, gpus=["G", "G"])]
    found = cost(write_run(tmp_path, "r1", starts, samples=samples, training={})).energy
    # 360 W: half an hour measured, half an hour without samples, and 36 W of the rest for an hour.
    assert found.measured == pytest.approx(0.18)
    assert found.assumed == pytest.approx(0.18 + 0.036)
    assert found.unknown_s == 0


def test_energy_that_nobody_configured_is_not_known(tmp_path: Path) -> None:
    found = cost(
        write_run(tmp_path, "r1", [start(1, BEGAN, BEGAN + 60)], training={}, compute={"kind": "machine"})
    ).energy
    assert (found.measured, found.assumed, found.unknown_s) == (0, 0, 60)


def test_experiments_and_campaigns_add_up(tmp_path: Path) -> None:
    write_run(tmp_path, "r1", [start(1, BEGAN, BEGAN + 100)], training={"selected_metric": 0.7})
    trial = {"name": "c1", "trial": 0}
    write_run(tmp_path, "r2", [start(1, BEGAN, BEGAN + 50)], training={"selected_metric": 0.8}, campaign=trial)
    write_run(tmp_path, "r3", [start(1, BEGAN, BEGAN + 20, "pruned")], campaign={"name": "c1", "trial": 1})
    runs, damaged = read_all(tmp_path / "runs")
    assert not damaged
    experiment, campaign = groups([(run, of_run(run)) for run in runs])
    assert (experiment.name, experiment.cost.seconds, experiment.cost.runs) == ("income, tiny", 170, 3)
    assert (campaign.name, campaign.cost.seconds, campaign.cost.pruned_s) == ("c1", 70, 20)
    assert experiment.best is not None and experiment.best.id == "r2"
