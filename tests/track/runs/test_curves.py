"""Curves, thinned."""

from pathlib import Path

import pytest

from shipworthy.track.runs.curves import BLOCKS, POINTS, Curve, curves, history, sparkline, thinned
from tests.track.runs import project


def test_a_long_curve_is_thinned_to_means(tmp_path: Path) -> None:
    curve = thinned(Curve(range(1, 1001), [float(step) for step in range(1, 1001)]))
    assert len(curve.steps) == len(curve.values) == POINTS
    assert (curve.steps[0], curve.values[0]) == (5, 3.0)
    assert (curve.steps[-1], curve.values[-1]) == (1000, 998.0)
    assert sum(curve.values) / POINTS == pytest.approx(500.5)


def test_a_short_curve_stays_and_an_odd_rest_is_kept() -> None:
    short = Curve([1, 2], [1.0, 2.0])
    assert thinned(short) is short
    odd = thinned(Curve(range(1, 404), [1.0] * 403))
    assert len(odd.steps) <= POINTS and odd.steps[-1] == 403


def test_what_was_not_measured_has_no_curve() -> None:
    entries = [{"step": 1, "loss": 2.0}, {"step": 2, "loss": float("nan"), "val_metric": 0.5}, {"step": 3, "loss": 1.0}]
    found = curves(entries)
    assert set(found) == {"loss", "metric"}
    assert list(found["loss"].steps) == [1, 3] and list(found["metric"].values) == [0.5]


def test_a_run_that_has_not_finished_shows_what_it_saved(tmp_path: Path) -> None:
    finished = project.run(tmp_path, "a", steps=40)
    killed = project.run(tmp_path, "b", steps=400, status="killed")
    assert len(history(finished)) == 40
    saved = history(killed)
    assert 0 < len(saved) < 400 and len(saved) % 20 == 0
    assert history(tmp_path) == []


def test_a_sparkline_runs_from_the_lowest_to_the_highest() -> None:
    assert sparkline(Curve(range(8), [float(x) for x in range(8)])) == BLOCKS
    assert sparkline(Curve([1, 2], [3.0, 3.0])) == BLOCKS[0] * 2
