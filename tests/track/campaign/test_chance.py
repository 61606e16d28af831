"""What chance alone brings the best of many: covers where all are equal, and is passed where one is better."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from shipworthy.track.campaign.chance import Chance, answers, chance
from shipworthy.track.campaign.nothing import apart
from shipworthy.track.campaign.read import Campaign, read
from tests.track.campaign.made import ROWS, write_campaign


@pytest.fixture(scope="module")
def search(tmp_path_factory: pytest.TempPathFactory) -> Campaign:
    return read(write_campaign(tmp_path_factory.mktemp("search"), 8, fails=lambda number, params: False))


def of(search: Campaign, right_TN: np.ndarray) -> Chance:
    """Of as many trials as there are rows in the table, each right or wrong by row."""
    first = search.trials[0]
    values = [{"metric": float(row.mean())} for row in right_TN]
    trials = [
        replace(first, number=i, run_id=str(i), is_recipe=i == 0, state="finished", values=one)
        for i, one in enumerate(values)
    ]
    ids = [f"row {n}" for n in range(right_TN.shape[1])]
    by_trial = {i: pl.DataFrame({"id": ids, "scored": row}) for i, row in enumerate(right_TN)}
    found = chance(replace(search, trials=trials), by_trial)
    assert found is not None
    return found


def test_equally_good_trials_gain_what_was_expected(search: Campaign) -> None:
    """Correlated answers, as trials of one search have them: most rows are easy or hard for all."""
    draws, told = np.random.default_rng(1), []
    for _ in range(60):
        easy = draws.random(300) < 0.7
        told.append(of(search, np.array([easy ^ (draws.random(300) < 0.1) for _ in range(10)])))
    gains = np.array([one.gain for one in told])
    assert np.mean([one.expected for one in told]) == pytest.approx(gains.mean(), rel=0.15)
    assert np.mean(gains > [one.most for one in told]) < 0.15
    assert np.mean([one.p_value < 0.1 for one in told]) < 0.2


def test_a_trial_that_is_better_passes_what_chance_brings(search: Campaign) -> None:
    draws = np.random.default_rng(2)
    easy = draws.random(300) < 0.7
    trials = [easy ^ (draws.random(300) < 0.1) for _ in range(10)]
    found = of(search, np.array([*trials, easy | (draws.random(300) < 0.5)]))
    assert found.gain > found.most > found.expected > 0 and found.p_value < 0.01


def test_identical_trials_gain_nothing(search: Campaign) -> None:
    found = of(search, np.array([np.arange(50) < 30] * 3))
    assert (found.gain, found.expected, found.most, found.p_value) == (0, 0, 0, 1)


def test_a_campaign_is_read_and_told_with_the_recipe_as_reference(search: Campaign) -> None:
    found = chance(search, answers(search))
    assert found is not None and found.recipe and found.rows == ROWS
    assert found.trials == len(search.of("finished"))
    assert search.recipe is not None and found.reference == pytest.approx(search.recipe.values["metric"])
    assert found.gain == pytest.approx(search.ranked[0].values["metric"] - found.reference)


def test_trials_on_other_rows_are_not_compared_and_are_named(tmp_path: Path) -> None:
    campaign = read(write_campaign(tmp_path, 4, fails=lambda number, params: False))
    by_trial = answers(campaign)
    last = max(by_trial)
    by_trial[last] = by_trial[last].head(100)
    assert chance(campaign, by_trial) is None
    assert f"trial {last} by 100 other rows" in apart(by_trial) and f"by {ROWS} rows" in apart(by_trial)
