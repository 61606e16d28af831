"""What pruning saved, against trials whose ends are known."""

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from shipworthy.core import json_lines
from shipworthy.track.campaign import savings as module
from shipworthy.track.campaign.read import Campaign, read
from shipworthy.track.campaign.savings import Timed, savings, spared
from shipworthy.track.hpo.space import parse
from tests.track.campaign.made import STEPS, write_campaign


@pytest.fixture(scope="module")
def search(tmp_path_factory: pytest.TempPathFactory) -> Campaign:
    return read(write_campaign(tmp_path_factory.mktemp("search"), 24))


def test_where_nothing_ends_trials_early_the_steps_are_known_and_the_time_follows_the_pace(search: Campaign) -> None:
    found = savings(search)
    assert found is not None and found.steps is not None and found.seconds is not None
    cut = search.of("pruned")
    further = [STEPS - (trial.step or 0) for trial in cut]
    assert found.pruned == len(cut) and found.done == sum(trial.step or 0 for trial in cut)
    assert found.steps.low == found.steps.value == found.steps.high == sum(further)
    paces = [(trial.cost.seconds - 25) / (trial.step or 1) for trial in cut]  # each began 25 s before its first step
    true = sum(steps * pace for steps, pace in zip(further, paces, strict=True))
    assert found.seconds.low < true < found.seconds.high < 1.5 * true
    assert found.gpu_hours == pytest.approx(found.seconds.value / 3600, rel=0.05)
    assert f"{found.steps.value:,.0f}" in found.words and "[" in found.words


def test_nothing_pruned_saved_nothing(tmp_path: Path) -> None:
    assert savings(read(write_campaign(tmp_path, 2))) is None


def test_too_few_finished_trials_say_nothing(search: Campaign) -> None:
    few = [*search.of("pruned"), *search.of("finished")[:2]]
    found = savings(replace(search, trials=few))
    assert found is not None and found.seconds is None
    assert "can't be said: 2 that finished" in found.words


def test_runs_that_told_of_no_steps_say_nothing(tmp_path: Path) -> None:
    folder = write_campaign(tmp_path, 12)
    for path in tmp_path.glob("runs/*/starts.jsonl"):
        told = [{**line, "stepped": []} for line in json_lines.read(path)]
        path.unlink()
        for line in told:
            json_lines.append(path, line)
    found = savings(read(folder))
    assert found is not None and found.seconds is None and "can't be said: 0 that finished and 0 that" in found.words


def test_a_trial_whose_run_is_anothers_saved_nothing_more(search: Campaign) -> None:
    double = replace(search.of("pruned")[0], number=99)
    assert savings(replace(search, trials=[*search.trials, double])) == savings(search)


SPACE = parse({"rate": {"float": [0.02, 0.5], "log": True}, "depth": {"int": [3, 10]}})
MOST = 1000


def drawn(draws: np.random.Generator) -> tuple[list[Timed], list[Timed], int, float]:
    """Trials that early stopping ends, slow ones late; those that begin worse than half of the others are cut."""
    whole: list[Timed] = []
    cut: list[Timed] = []
    begun: list[float] = []
    steps_left, seconds_left = 0, 0.0
    for number in range(16):
        rate, depth = float(np.exp(draws.uniform(np.log(0.02), np.log(0.5)))), int(draws.integers(3, 11))
        steps = min(MOST, int(50 + 12 / rate * draws.lognormal(0, 0.25)))
        pace, first = 0.002 * depth**0.5 * draws.lognormal(0, 0.05), 0.6 + 0.1 * np.log(rate) + draws.normal(0, 0.02)
        trial: Any = SimpleNamespace(params={"rate": rate, "depth": depth}, curve=[(10, first)])
        if number >= 5 and first < np.median(begun):
            cut.append(Timed(trial, 10, MOST, None, 0.01, 0.0))
            steps_left, seconds_left = steps_left + steps - 10, seconds_left + (steps - 10) * pace + 0.1 - 0.01
        else:
            whole.append(Timed(trial, steps, MOST, pace, 0.1, 0.0))
        begun.append(first)
    return whole, cut, steps_left, seconds_left


def test_the_interval_holds_the_truth_where_early_stopping_ends_trials(monkeypatch: pytest.MonkeyPatch) -> None:
    """In nine of ten campaigns, and never as far off as all trials at the planned steps would be."""
    monkeypatch.setattr(module, "DRAWS", 400)
    draws = np.random.default_rng(3)
    held, n = np.zeros(2), 40
    for _ in range(n):
        whole, cut, *true = drawn(draws)
        for i, (found_TD, truth) in enumerate(zip(spared(SPACE, whole, cut), true, strict=True)):
            low, middle, high = np.quantile(found_TD.sum(axis=0), [0.05, 0.5, 0.95])
            held[i] += low <= truth <= high
            assert truth / 2.5 < middle < 2.5 * truth
    assert (held >= 0.8 * n).all(), held


def test_the_same_trials_give_the_same_figure() -> None:
    whole, cut, *_ = drawn(np.random.default_rng(1))
    assert all(
        (one == other).all() for one, other in zip(spared(SPACE, whole, cut), spared(SPACE, whole, cut), strict=True)
    )
