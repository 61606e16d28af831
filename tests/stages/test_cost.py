"""`shipworthy cost` over runs on disk, as a user reads it."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from shipworthy.core.calibration import append
from shipworthy.core.errors import UsageError
from shipworthy.core.files import read_json
from shipworthy.core.project import project_root
from shipworthy.stages.cost import run
from tests.track.cost.made import BEGAN, start, write_baseline, write_run


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A finished run aa11, a campaign of two, and a baseline to beat."""
    list_of_prices = project_root() / "conf" / "compute"
    (tmp_path / "conf").mkdir()
    (tmp_path / "conf" / "config.yaml").touch()
    (tmp_path / "conf" / "compute").symlink_to(list_of_prices)
    theirs = [i % 2 == 0 for i in range(200)]
    write_baseline(tmp_path, theirs)
    half_hours = [start(1, BEGAN, BEGAN + 1800, "failed", step=45), start(2, BEGAN + 3600, BEGAN + 5400, from_step=40)]
    write_run(
        tmp_path,
        "aa11aa11",
        half_hours,
        training={"selected_metric": 0.75, "parameters": 120e6, "peak_memory_mb": 1700.0},
        history=[{"step": i, "step_s": 30.0} for i in range(1, 101)],
        correct=[i % 4 != 1 for i in range(200)],
    )
    trial = {"name": "search", "trial": 0}
    write_run(
        tmp_path,
        "bb22bb22",
        [start(1, BEGAN, BEGAN + 900)],
        training={"selected_metric": 0.5},
        correct=theirs,
        campaign=trial,
    )
    write_run(tmp_path, "cc33cc33", [start(1, BEGAN, BEGAN + 450, "pruned")], campaign={**trial, "trial": 1})
    monkeypatch.chdir(tmp_path)
    project_root.cache_clear()
    yield tmp_path
    project_root.cache_clear()


def told(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    run(arguments)
    return capsys.readouterr().out


def test_all_runs_with_experiments_campaigns_and_json(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = told(capsys, f"json={project / 'cost.json'}")
    assert re.search(r"^aa11aa11 tiny +finished +2 +60 min +2 +0.50 USD +0.11 +4%$", text, re.MULTILINE)
    assert re.search(r"^cc33cc33 tiny search/1 +pruned +1 +8 min .*100%$", text, re.MULTILINE)
    assert re.search(r"^search +1 finished, 1 pruned +2 +22 min", text, re.MULTILINE)
    assert re.search(r"^income, tiny +2 finished, 1 pruned +4 +82 min", text, re.MULTILINE)
    written = read_json(project / "cost.json")
    assert {one["run_id"]: one["seconds"] for one in written["runs"]} == {
        "aa11aa11": 3600,
        "bb22bb22": 900,
        "cc33cc33": 450,
    }
    assert [one["name"] for one in written["groups"]] == ["income, tiny", "search"]


def test_one_run_with_its_point_and_its_waste(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = told(capsys, "aa11")
    assert "run aa11aa11 (tiny): finished" in text
    assert "0.50 USD (0.5 USD an hour, as noted when it began)" in text
    assert "2 min done again after a kill: 4% of the time" in text
    assert re.search(r"a point   0.02 USD \(0.0\d+ to 0.0\d+\): \+25.0 points \[.*\] gained over majority on 200", text)
    assert "none of this config on this kind of machine" in text


def test_a_gain_that_may_be_none_costs_without_bound(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = told(capsys, "bb22", f"json={project / 'cost.json'}")
    assert "none to be had" in text or "unbounded" in text
    (one,) = read_json(project / "cost.json")["runs"]
    assert one["per_point"]["high"] is None
    assert "Infinity" not in (project / "cost.json").read_text()


def test_a_campaign_counts_its_pruned_trials_and_flatters_its_best(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = told(capsys, "search")
    assert "campaign search" in text and "aa11aa11" not in text
    assert "8 min in runs that were pruned: 33% of the time" in text
    assert "the best, which flatters it" in text


def test_the_same_hours_elsewhere(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = told(capsys, "aa11", "compute=cloud_a10g")
    assert "1.20 USD for the same hours on cloud A10G, which is faster or slower" in text
    with pytest.raises(UsageError, match=r"no compute 'cloud_a10': did you mean compute=cloud_a10g\?"):
        run(["compute=cloud_a10"])


def test_another_size(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = told(capsys, "aa11", "project=data=10x model=360m", f"json={project / 'cost.json'}")
    assert "10 × the data, 3 × the model's work: 28.8 h" in text
    (one,) = read_json(project / "cost.json")["runs"]
    # 150 s were done again, which a larger run would not plan for.
    assert one["projection"]["seconds"]["value"] == pytest.approx(30 * (3600 - 150))
    with pytest.raises(UsageError, match="model=2x"):
        run(["bb22", "project=model=360m"])
    with pytest.raises(UsageError, match="needs the run"):
        run(["project=data=2x"])


def test_the_plan_beside_the_fact(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def bounds(value: float) -> dict[str, float]:
        return {"value": value, "low": 0.75 * value, "high": 1.5 * value}

    told_before = {"seconds": bounds(1200), "validation_seconds": bounds(0), "memory_mb": bounds(1600)}
    measured = {"seconds": 3000.0, "memory_mb": 1700.0}
    append(
        project / "runs",
        {"run_id": "aa11aa11", "told": told_before, "estimated": told_before, "measured": measured},
    )
    text = told(capsys, "aa11")
    assert "training: planned 20 min (15 min to 30 min), taken 50 min, OUTSIDE (+150%)" in text
    assert "peak memory: planned 1.60 GB (1.20 GB to 2.40 GB), taken 1.70 GB, inside (+6%)" in text
    assert "money: planned 0.17 USD (0.12 to 0.25), taken 0.42 USD, OUTSIDE" in text


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["zz99"], "there is no run 'zz99'"),
        (["aa11", "agaisnt=x"], "agaisnt= is unknown"),
        (["aa11", "project=rows=3"], "neither data=10x"),
        (["aa11", "against=nobody"], "no baseline of that name"),
    ],
)
def test_what_cannot_be_answered_is_one_sentence(project: Path, arguments: list[str], words: str) -> None:
    with pytest.raises(UsageError, match=words):
        run(arguments)


def test_a_damaged_run_is_left_out_and_named(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (project / "runs" / "bb22bb22" / "record.json").write_text("{")
    text = told(capsys)
    assert "bb22bb22 is left out" in text and "aa11aa11 tiny" in text


def test_nothing_made_yet(project: Path) -> None:
    for record in project.glob("runs/*/record.json"):
        record.unlink()
    with pytest.raises(UsageError, match="no run was made here yet"):
        run([])


def test_two_hundred_runs_are_quickly_added_up(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for i in range(200):
        samples = [{"time": BEGAN + t, "cpu_percent": 80} for t in range(0, 300, 5)]
        write_run(
            project, f"dd{i:03}", [start(1, BEGAN, BEGAN + 300)], samples=samples, training={"selected_metric": 0.5}
        )
    assert json.dumps("income, tiny")[1:-1] in told(capsys)
