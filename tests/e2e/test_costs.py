"""A campaign that prunes, as a user runs it: what pruning saved, what it cost, and what the next plan knows from it."""

import re
from pathlib import Path

import pytest

from shipworthy.core import calibration
from shipworthy.core.files import read_json
from shipworthy.track.campaign.read import Campaign, read
from shipworthy.track.campaign.savings import savings
from tests.e2e.people import People

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]

RECIPE = ("experiment=people", "model.rounds=1000", "compute.price_per_hour=100")
SEARCH = ("hpo=xgboost", "hpo.budget.trials=12", "hpo.workers=1", "hpo.pruner.name=median", "hpo.seed=2")


@pytest.fixture(scope="module")
def people(tmp_path_factory: pytest.TempPathFactory) -> People:
    """The project with its plan, dataset, baselines, one training and one campaign."""
    made = People(tmp_path_factory.mktemp("costs"))
    for command in ("plan", "prepare", "baseline", "train"):
        made.ok("shipworthy", command, *RECIPE)
    made.ok("shipworthy", "tune", *RECIPE, *SEARCH)
    return made


def campaign(people: People) -> Campaign:
    (folder,) = (people.folder / "runs" / "campaigns").iterdir()
    return read(folder)


def test_every_figure_of_the_campaign_is_the_same_in_the_summary_and_in_cost(people: People) -> None:
    made = campaign(people)
    summary = (made.folder / "summary.txt").read_text()
    told = re.search(r"^spent: .*wall time ([\d.]+ \w+), money ([\d.e-]+ USD)$", summary, re.MULTILINE)
    assert told, summary
    printed = people.ok("shipworthy", "cost", made.name)
    assert re.search(rf"^ +money +{re.escape(told[2])}$", printed.partition(f"campaign {made.name}")[2], re.MULTILINE)
    assert re.search(rf"^{made.name} .* {re.escape(told[1])} .* {re.escape(told[2])} ", printed, re.MULTILINE)
    assert f">{told[2]}<" in (made.folder / "report.html").read_text()


def test_every_run_trial_and_baseline_feeds_the_next_plan(people: People) -> None:
    lines = calibration.read(people.folder / "runs")
    kinds = [line["kind"] for line in lines]
    finished = len(campaign(people).of("finished"))
    assert (kinds.count("run"), kinds.count("trial"), kinds.count("baseline")) == (1, finished, 2)
    assert all(line["estimated"] for line in lines)
    people.ok("shipworthy", "plan", *RECIPE)
    plan = (people.folder / "artifacts" / "plan" / "plan.md").read_text()
    assert f"Calibrated by {finished + 1} past runs of this family on this kind of machine" in plan
    assert ", 2 of them with these settings." in plan, "the training, and the search's first trial"
    (run,) = (line["run_id"] for line in lines if line["kind"] == "run")
    printed = people.ok("shipworthy", "cost", run)
    assert re.search(r"plan +training: planned [\d.]+ \w+ \(.*\), taken [\d.]+ \w+, (inside|OUTSIDE)", printed)


def test_what_pruning_saved_is_what_the_pruned_trials_take_when_they_go_on(people: People) -> None:
    made = campaign(people)
    said, cut = savings(made), made.of("pruned")
    assert cut and said is not None and said.steps is not None and said.seconds is not None
    # Each was planned for 1,000 rounds, of which early stopping leaves most unmade.
    assert said.steps.high < 0.8 * 1000 * len(cut)
    assert said.seconds.value < sum(trial.cost.seconds for trial in made.of("finished"))
    further = 0
    for trial in cut:
        people.ok("shipworthy", "train", *RECIPE, *trial.overrides, "validation_share=0.7", "resume=never")
        further += read_json(trained(people, trial.run_id) / "training.json")["steps"] - (trial.step or 0)
    assert said.steps.low <= further <= said.steps.high


def trained(people: People, run_id: str) -> Path:
    return people.folder / "runs" / run_id / "checkpoint"
