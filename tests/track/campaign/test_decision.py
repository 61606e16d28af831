"""What to do after a search, branch by branch; the trials' own answers are in test_chance.py."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from shipworthy.core.files import read_json, write_json
from shipworthy.evaluation import claims, paired, power
from shipworthy.evaluation.metric import metric
from shipworthy.evaluation.resampling import Resampling
from shipworthy.track.campaign.decision import ADOPT, AGAIN, KEEP, NOTHING, Decision, decision
from shipworthy.track.campaign.read import Campaign, read
from shipworthy.track.quantities import seconds
from tests.track.campaign.made import FAILURE, write_campaign


@pytest.fixture(scope="module")
def search(tmp_path_factory: pytest.TempPathFactory) -> Campaign:
    """A search that ended, with a winner that is not the recipe."""
    return read(write_campaign(tmp_path_factory.mktemp("search"), 12, fails=lambda number, params: False))


def decided(campaign: Campaign) -> Decision:
    found = decision(campaign, {})
    assert found is not None
    return found


def compared(campaign: Campaign, wins: int, losses: int, n: int, margin: float = 0.02, **more: Any) -> Campaign:
    """The same search, whose winner alone is right on so many unseen rows, and the recipe alone on so many."""
    mine, theirs = np.zeros((2, n), dtype=bool)
    mine[:wins], theirs[wins : wins + losses] = True, True
    pair = paired.pair(metric("exact_match"), mine, theirs, Resampling(n))
    (claim,) = claims.decide("exact_match", [pair], 0.01, margin)
    gain = max(claim.gain, margin)
    needed = power.rows_for(pair, gain, 0.01)
    against = {"claim": claim.to_json(), "gain": gain, "rows_needed": needed, "power": 0.8}
    return replace(campaign, winner={**campaign.winner, "against_recipe": against, **more})


def test_better_on_unseen_rows_is_adopted(search: Campaign) -> None:
    found = decided(compared(search, 40, 5, 200))
    assert found.words == ADOPT and ": better: +17.5 points" in found.why and "exact McNemar test" in found.why
    assert found.steps[0][1] == f"shipworthy runs select {search.winner['run_id']}"


@pytest.mark.parametrize(
    ("wins", "losses", "n", "why"),
    [
        (5, 40, 200, "worse than the recipe"),
        (10, 10, 20_000, "worth no change"),
        (9, 12, 200, "did not hold on new rows"),
        (161, 131, 3000, "A gain of 2 points would have been shown"),
    ],
)
def test_what_is_not_better_leaves_the_recipe(search: Campaign, wins: int, losses: int, n: int, why: str) -> None:
    found = decided(compared(search, wins, losses, n))
    assert found.words == KEEP and why in found.why
    assert [command for _, command in found.steps] == ["shipworthy train experiment=smoke"]


def test_what_is_not_known_yet_is_measured_again_with_rows_that_can_show_it(search: Campaign) -> None:
    found = decided(compared(search, 14, 7, 120, validation_rows=400))
    assert found.words == AGAIN
    share = power.Candidate(7 / 120, (21 / 120 - (7 / 120) ** 2) ** 0.5).rows(0.01)
    assert "To show a gain of 5.8 points takes about " in found.why
    needed = int(found.why.split("takes about ")[1].split(" unseen")[0].replace(",", ""))
    assert needed == pytest.approx(share, rel=0.1)
    assert "validation rows, where there are 400: bring more data" in found.why  # no share of the rows is known
    found = decided(replace(compared(search, 14, 7, 120, validation_rows=400), validation_share=0.05))
    wanted = -(-needed // 3 * 10)
    share_wanted = float(found.steps[0][1].rpartition("=")[2])
    assert share_wanted == pytest.approx(0.05 * wanted / 400, abs=0.011)
    assert found.steps[0][1].startswith("shipworthy prepare experiment=smoke data.split.validation=")
    assert found.steps[1][1] == f"shipworthy tune experiment=smoke hpo=lora data.split.validation={share_wanted:g}"
    found = decided(compared(search, 14, 7, 120, validation_rows=2 * needed))
    assert found.steps[0][1] == "shipworthy tune experiment=smoke hpo=lora hpo.unseen=0.5"


def test_a_cheaper_winner_is_adopted_if_the_metric_does_not_suffer(search: Campaign) -> None:
    priced = replace(search, objectives={"seconds": False, "metric": True})
    trials = [replace(one, values={**one.values, "seconds": 90.0 + one.number}) for one in search.trials]
    found = decided(compared(replace(priced, trials=trials), 10, 10, 20_000))
    number = search.winner["trial"]
    assert found.words == ADOPT and ": equal (within 2 points)" in found.why
    assert f"Seconds: {seconds(90 + number)}, the recipe's {seconds(90)}." in found.why


def test_the_best_is_the_recipe(search: Campaign) -> None:
    assert search.recipe is not None
    trials = [replace(one, values={"metric": 0.1}) if one.number else one for one in search.trials]
    own = {"trial": 0, "run_id": search.recipe.run_id}
    found = decided(replace(search, trials=trials, winner=own))
    others = len(search.different) - 1
    assert found.words == KEEP
    assert f"Of {others} other trials that finished none did better than the recipe itself" in found.why


def test_a_recipe_that_failed_is_no_reference(search: Campaign) -> None:
    trials = [replace(one, state="failed", said=FAILURE, values={}) if not one.number else one for one in search.trials]
    found = decided(replace(search, trials=trials))
    assert found.words == AGAIN and f"The recipe itself, trial 0, failed ({FAILURE.rstrip('.')})" in found.why


@pytest.mark.parametrize(
    ("value", "why"), [(0.0, "none got anything right"), (0.7, "trials that finished have the same")]
)
def test_ties_are_not_for_choosing(search: Campaign, value: float, why: str) -> None:
    trials = [replace(one, values={"metric": value}) for one in search.trials]
    found = decided(replace(search, trials=trials))
    assert found.words == NOTHING and why in found.why
    assert not any("select" in command for _, command in found.steps)


def test_a_search_that_goes_on_has_no_decision(tmp_path: Path) -> None:
    folder = write_campaign(tmp_path, 3, fails=lambda number, params: False, unseen=False)
    note = read_json(folder / "trials" / "2.json")
    write_json(folder / "trials" / "2.json", {**note, "state": "running", "values": {}, "step": None})
    assert decision(read(folder), {}) is None


def test_an_old_campaign_without_the_recipe_is_searched_again(tmp_path: Path) -> None:
    folder = write_campaign(tmp_path, 6, fails=lambda number, params: False)
    about = json.loads((folder / "campaign.json").read_text(encoding="utf-8"))
    write_json(folder / "campaign.json", {**about, "recipe": None})
    found = decided(read(folder))
    assert found.words == AGAIN and found.why.startswith("The recipe itself was not tried")
