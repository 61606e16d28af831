"""Budgets, fronts, the winner's curse: against numbers worked out by hand, and against Optuna."""

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import optuna
import pytest

from shipworthy.core.files import read_json, write_json
from shipworthy.evaluation.intervals import wilson
from shipworthy.track.campaign.facts import budget, front, pareto, quality_and_cost, unpaired, winners_curse
from shipworthy.track.campaign.importance import ENOUGH, LEAST, caution, disagreement, importance
from shipworthy.track.campaign.read import Campaign, read
from shipworthy.track.hpo.space import parse
from tests.track.campaign.made import EVERY, ROWS, STEPS, write_campaign


@pytest.fixture(scope="module")
def search(tmp_path_factory: pytest.TempPathFactory) -> Campaign:
    return read(write_campaign(tmp_path_factory.mktemp("search"), 24))


def test_trials_are_read_with_their_runs_and_curves(search: Campaign) -> None:
    assert len(search.trials) == 24
    assert {trial.state for trial in search.trials} == {"finished", "pruned", "failed"}
    best = search.ranked[0]
    assert best.curve[-1] == (STEPS, best.values["metric"]) and len(best.curve) == STEPS // EVERY
    interval = best.interval("metric")
    assert interval == wilson(round(ROWS * best.values["metric"]), ROWS)
    assert all(one.values["metric"] <= best.values["metric"] for one in search.ranked)
    assert all(trial.curve[-1][0] == trial.step for trial in search.of("pruned"))


def test_curves_come_from_the_runs_where_there_is_no_study(tmp_path: Path) -> None:
    folder = write_campaign(tmp_path, 2, unseen=False)
    before = [trial.curve for trial in read(folder).trials]
    (folder / "journal.log").unlink()
    assert [trial.curve for trial in read(folder).trials] == before


def test_budgets(search: Campaign) -> None:
    rows = {what: (spent, allowed, share) for what, spent, allowed, share in budget(search)}
    assert rows["trials"] == ("24", "24", 1.0)
    assert rows["GPU-hours"][1:] == ("", None)
    seconds = sum(trial.cost.gpu_s for trial in search.trials)
    assert float(rows["GPU-hours"][0]) == pytest.approx(seconds / 3600, rel=0.01)
    assert rows["wall time"][1:] == ("", None) and rows["wall time"][0].endswith(("min", " h"))
    spent, allowed, share = rows["money"]
    assert allowed == "12.00 USD" and share == pytest.approx(float(spent.split()[0]) / 12, rel=0.01)


def test_the_front_is_optunas(tmp_path: Path) -> None:
    campaign = read(write_campaign(tmp_path, 12, objectives=("metric", "seconds")))
    study = optuna.load_study(
        study_name="search",
        storage=optuna.storages.JournalStorage(
            optuna.storages.journal.JournalFileBackend(str(campaign.folder / "journal.log"))
        ),
    )
    assert pareto(campaign) == {trial.number for trial in study.best_trials}
    assert len(pareto(campaign)) >= 1


def test_fronts() -> None:
    points = [(1.0, 5.0), (2.0, 5.0), (2.0, 4.0), (3.0, 9.0), (2.0, 4.0)]
    assert front(points, [True, False]) == [2, 3, 4]  # equals don't beat each other
    assert front(points, [False, True]) == [0, 3]
    assert front([], [True]) == []


def test_one_objective_has_a_front_against_time_anyway(search: Campaign) -> None:
    what, points, best = quality_and_cost(search)
    assert what == "time of the trial (min)"
    assert search.ranked[0].number in best
    fastest = min(points, key=lambda point: point[1])[0]
    assert fastest.number in best


def test_the_winners_curse_is_unpaired(search: Campaign) -> None:
    found = winners_curse(search)
    assert found is not None
    assert found.number == search.ranked[0].number and found.rows == (ROWS, 120)
    assert found.difference.value == pytest.approx(found.seen.value - found.unseen.value)
    assert (
        found.difference.low < 0 < found.difference.high and "it was not shown to look better than it is" in found.words
    )


@pytest.mark.parametrize("up", [True, False])
@pytest.mark.parametrize(
    ("seen", "unseen", "words"), [(95, 60, "looks better than it is"), (60, 95, "does better on the new rows")]
)
def test_what_is_said_of_the_curse(seen: int, unseen: int, words: str, up: bool) -> None:
    if not up:
        seen, unseen = unseen, seen
    winner = {"trial": 1, "run_id": "r", **{name: {**wilson(right, 100).to_json(), "rows": 100}
              for name, right in (("seen", seen), ("unseen", unseen))}}  # fmt: skip
    found = winners_curse(SimpleNamespace(winner=winner, objectives={"metric": up}))  # type: ignore[arg-type]
    assert found is not None and words in found.words


def test_newcombes_own_example() -> None:
    """Newcombe 1998 (17:873), table II, 56/70 against 48/80, method 10: 0.0524 to 0.3339."""
    found = unpaired(wilson(56, 70), wilson(48, 80))
    assert (found.value, found.low, found.high) == (
        pytest.approx(0.2), pytest.approx(0.0524, abs=5e-5), pytest.approx(0.3339, abs=5e-5),
    )  # fmt: skip


def trials(n: int, value: Any) -> Any:
    draws = np.random.default_rng(0)
    made = [{"a": float(draws.uniform()), "b": float(draws.uniform()), "c": "x"} for _ in range(n)]
    for i, params in enumerate(made):
        if i % 3 == 0:
            params.pop("b")  # a key that is there only sometimes
    return SimpleNamespace(
        ranked=[SimpleNamespace(params=params, values={"metric": value(params)}) for params in made],
        space=parse({
            "a": {"float": [0.0, 1.0]},
            "c": {"categorical": ["x", "y"]},
            "b": {"float": [0.0, 1.0], "when": {"c": ["x"]}},
        }),
        objectives={"metric": True},
    )  # fmt: skip


def test_what_mattered_is_found_with_its_spread() -> None:
    found = importance(trials(60, lambda params: -abs(params["a"] - 0.3)), "metric")
    assert found[0].key == "a" and found[0].value > 0.6
    assert all(one.low <= one.value <= one.high for one in found)
    assert sum(one.value for one in found) == pytest.approx(1)


def test_both_methods_are_told_and_where_they_disagree() -> None:
    """A cliff at one end of `a` ruins every tenth trial; among the others `d` alone decides."""
    draws = np.random.default_rng(3)
    points = [(float(draws.uniform()), float(draws.uniform())) for _ in range(80)]
    made = [SimpleNamespace(params={"a": a, "d": d}, values={"metric": 0.1 * d - 9 * (a < 0.1)}) for a, d in points]
    campaign: Any = SimpleNamespace(
        ranked=made,
        space=parse({"a": {"float": [0.0, 1.0]}, "d": {"float": [0.0, 1.0]}}),
        objectives={"metric": True},
    )
    found = {one.key: one for one in importance(campaign, "metric")}
    assert found["d"].value > 0.6 and (found["a"].fanova or 0) > 0.8
    said = disagreement(importance(campaign, "metric"))
    assert said.startswith("The two methods disagree on ") and "by PED-ANOVA" in said
    alike = trials(60, lambda params: -abs(params["a"] - 0.3))
    assert disagreement([one for one in importance(alike, "metric") if one.key == "a"]) == ""


def test_a_recipe_outside_the_space_has_no_part_in_importance() -> None:
    inside = trials(40, lambda params: params["a"])
    with_recipe = trials(40, lambda params: params["a"])
    with_recipe.ranked.append(SimpleNamespace(params={"a": 7.0, "c": "x"}, values={"metric": 99.0}))
    assert importance(with_recipe, "metric") == importance(inside, "metric")


def test_few_trials_say_little_and_are_called_few() -> None:
    few = trials(LEAST - 1, lambda params: params["a"])
    assert importance(few, "metric") == [] and "say nothing" in caution(few)
    some = trials(ENOUGH - 1, lambda params: params["a"])
    assert importance(some, "metric") and "are few" in caution(some)
    assert caution(trials(ENOUGH, lambda params: params["a"])) == ""


def test_all_alike_has_no_importance() -> None:
    assert importance(trials(20, lambda params: 0.5), "metric") == []


def test_a_trial_whose_run_is_elsewhere_counts_by_its_attempts(tmp_path: Path) -> None:
    folder = write_campaign(tmp_path, 2, unseen=False)
    note = read_json(folder / "trials" / "0.json")
    write_json(folder / "trials" / "0.json", {**note, "run_id": "gone"})
    (trial, _) = read(folder).trials
    (attempt,) = note["attempts"]
    assert trial.run is None and trial.cost.seconds == pytest.approx(attempt["ended"] - attempt["began"])
    assert trial.interval("metric") is None
    assert json.dumps(trial.curve)
