"""One workspace, and every page that tells a time or an amount: the same figure everywhere, digits included."""

import os
import re
import socket
import time
from pathlib import Path
from typing import Any

import psutil
import pytest
import yaml
from omegaconf import OmegaConf

from shipworthy.core.files import read_json, write_json
from shipworthy.execution.campaigns import progress
from shipworthy.stages.cost import run as cost
from shipworthy.track.campaign import report
from shipworthy.track.campaign.facts import budget
from shipworthy.track.campaign.read import read
from shipworthy.track.hpo import campaign as hpo
from shipworthy.track.hpo.leases import Leases, myself
from shipworthy.track.hpo.schema import Search
from shipworthy.track.quantities import seconds as seconds_in_words
from shipworthy.track.runs import comparison, dashboard, show, table
from shipworthy.track.runs.project_paths import project_paths
from shipworthy.track.runs.registry import read_all
from tests.track.cost.made import BEGAN, start, write_run

PRICE = 1.2
NAME = "tune-12345678"


def attempt(host: str, began: float, ended: float | None, outcome: str, lease: int = 1) -> dict[str, Any]:
    return {"host": host, "began": began, "ended": ended, "outcome": outcome, "gpus": 0, "lease": lease}


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Trials: 0 finished; 1 pruned, beside it; 2 killed, then finished; 3 runs; 4 killed, and nobody took it."""
    folder = tmp_path / "runs" / "campaigns" / NAME
    settings = OmegaConf.to_container(OmegaConf.structured(Search(space={"model.max_depth": {"int": [3, 9]}})))
    about = {"name": NAME, "kind": "tune", "made": BEGAN, "settings": settings, "root": str(tmp_path), "snapshot": "",
             "sweeps": [], "seed": 1, "overrides": [], "plan": None, "first_step": None, "last_step": None,
             "price_per_hour": PRICE, "currency": "USD"}  # fmt: skip
    write_json(folder / "campaign.json", about)
    (folder / "params.yaml").write_text(yaml.safe_dump({"task": {"metric": "accuracy"}}))
    now, mine = time.time(), psutil.Process().create_time() + 1
    monkeypatch.setattr(time, "time", lambda: now)
    attempts = {
        0: [attempt("a", BEGAN, BEGAN + 100, "finished")],
        1: [attempt("a", BEGAN + 50, BEGAN + 150, "pruned")],
        2: [attempt("b", BEGAN, None, ""), attempt("b", BEGAN + 100, BEGAN + 180, "finished", lease=2)],
        3: [attempt(socket.gethostname(), mine, None, "")],
        4: [attempt("b", BEGAN + 200, None, "")],
    }
    leases = Leases(folder / "leases", lease_s=60.0)
    for number, last_renewal in ((2, BEGAN + 60), (3, None), (4, BEGAN + 210)):
        lease = leases.take(f"trial-{number}", myself(0))
        assert lease is not None
        if last_renewal is not None:
            os.utime(lease.path, (last_renewal, last_renewal))
    starts = {
        0: [start(1, BEGAN + 2, BEGAN + 98)],
        1: [start(1, BEGAN + 51, BEGAN + 149, "pruned")],
        2: [start(1, BEGAN + 1, None), start(2, BEGAN + 101, BEGAN + 179)],
        3: [start(1, mine, None, host=socket.gethostname(), pid=os.getpid())],
        4: [start(1, BEGAN + 200, None)],
    }
    states = ("finished", "pruned", "finished", "running", "running")
    for number, state in enumerate(states):
        hosted = [[{**begun, "host": attempts[number][0]["host"], "price_per_hour": PRICE}, *rest]
                  for begun, *rest in starts[number]]  # fmt: skip
        training = {"selected_metric": 0.8 + number / 100, "selected_step": 1} if state == "finished" else None
        samples = [{"time": BEGAN + t, "cpu_percent": 50} for t in (10, 55, 205)] if number in (2, 4) else []
        made_for = {"name": NAME, "trial": number}
        write_run(tmp_path, f"{number}" * 16, hosted, training=training, samples=samples, campaign=made_for)
        write_json(folder / "trials" / f"{number}.json", {
            "number": number, "state": state, "params": {"model.max_depth": 3 + number}, "overrides": [],
            "run_id": f"{number}" * 16, "values": {"metric": 0.8} if training else {}, "step": 1,
            "attempts": attempts[number], "said": "",
        })  # fmt: skip
    for path in (tmp_path / "runs" / ("4" * 16)).rglob("*"):
        os.utime(path, (BEGAN, BEGAN))  # on another machine only what was written of late is alive
    return tmp_path


def test_a_campaign_costs_the_same_on_every_page(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = project / "runs" / "campaigns" / NAME
    going_on = time.time() - psutil.Process().create_time() - 1
    # a: 0 to 150, which two share; b: a killed attempt by its last renewal, 60 s, then 80 s and 10 s.
    machine_s = 150 + (60 + 80 + 10) + going_on
    told = f"{machine_s * PRICE / 3600:.2f} USD" if machine_s * PRICE / 3600 >= 0.1 else None
    assert told is not None
    campaign = read(folder)
    assert campaign.cost.machine_s == pytest.approx(machine_s)
    assert (campaign.cost.running, campaign.cost.by_force) == (1, 2)
    assert campaign.cost.pruned_s == 100
    raw = hpo.Campaign(folder, read_json(folder / "campaign.json"))
    assert raw.spent(raw.trials())["money"] == pytest.approx(machine_s * PRICE / 3600)
    summary = report.write(folder)
    cost([NAME, f"workspace={project / 'artifacts'}"])
    printed = capsys.readouterr().out
    row = next(line for line in printed.splitlines() if line.startswith(NAME))
    pages = {
        "page": (folder / "report.html").read_text(),
        "summary": summary,
        "progress": progress.line(raw, raw.trials()),
        "cost's table": row,
        "cost's details": printed.partition(f"campaign {NAME}")[2],
    }
    assert {name for name, text in pages.items() if told not in text} == set()
    wall = next(spent for what, spent, *_ in budget(campaign) if what == "wall time")
    assert all(f"wall time {wall}" in pages[name] for name in ("summary", "progress"))


@pytest.mark.parametrize(("number", "seconds"), [(0, 96), (1, 98), (2, 54 + 78)])
def test_a_run_costs_the_same_on_every_page(
    project: Path, capsys: pytest.CaptureFixture[str], number: int, seconds: float
) -> None:
    here = project_paths(str(project / "artifacts"))
    runs, _ = read_all(here.runs)
    one = next(run for run in runs if run.number == number)
    amount, took = f"{seconds * PRICE / 3600:.2g}", f"{seconds} s" if seconds < 120 else "2 min"
    report.write(here.runs / "campaigns" / NAME)
    cost([one.id, f"workspace={project / 'artifacts'}"])
    printed = capsys.readouterr().out
    drawn = next(run for run in dashboard.content(runs, [], here, project)["runs"] if run["id"] == one.id)
    pages = {
        "cost": printed,
        "show": "\n".join(show.lines(one, here)),
        "compare": str([part for part in comparison.compare([one, runs[0]], here) if part.title == "cost"]),
        "dashboard": f"{drawn['took']} {drawn['money']}",
        "campaign's page": (here.runs / "campaigns" / NAME / "report.html").read_text(),
        "table": "\n".join(table.table([one], ["seconds", "cost"], [one.id], 100)) + " USD",
    }
    assert {name for name, text in pages.items() if not re.search(rf"\b{took}\b", text)} == set()
    if one.status == "pruned":  # the page tells money of the best trials alone
        pages.pop("campaign's page")
    assert {name for name, text in pages.items() if not re.search(rf"\b{amount}\b", text)} == set()


def test_all_runs_together_share_their_machines_on_the_dashboard_too(project: Path) -> None:
    here = project_paths(str(project / "artifacts"))
    runs, damaged = read_all(here.runs)
    total = dashboard.content(runs, damaged, here, project)["total"]
    going_on = time.time() - psutil.Process().create_time() - 1
    # a: 2 to 149 though its runs took 96 and 98 s; b: until the last sample of a killed start.
    shared = (149 - 2) + (54 + 78 + 5) + going_on
    assert total["took"] == seconds_in_words(shared)
