"""`shipworthy tune` runs the recipe itself, and ends in a decision: adopt, keep, measure again, nothing was learned."""

import json
import re
import shlex
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.people import RECIPE, People

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]

HOPELESS = "{rounds: 20, max_depth: 1, learning_rate: 0.0001}"
"""Trees that move no row from the larger class."""
GOOD = "{rounds: 20, max_depth: 4, learning_rate: 0.3}"
PLACED = ("data.split.validation=0.4", "workspace=work/decides")
WORDS = ("ADOPT THE WINNER", "KEEP THE RECIPE", "MEASURE AGAIN", "NOTHING WAS LEARNED")
BETTER_TREES = {"model.max_depth": "{int: [3, 5]}", "model.learning_rate": "{float: [0.2, 0.4]}"}
HOPELESS_TREES = {"model.max_depth": "{int: [1, 2]}", "model.learning_rate": "{float: [0.0001, 0.0002]}"}


@dataclass(frozen=True)
class Searched:
    """A campaign that came to its end.

    Attributes:
        done: the process of `tune`.
        folder: the campaign's.
    """

    done: "subprocess.CompletedProcess[str]"
    folder: Path

    def read(self, name: str) -> Any:
        return json.loads((self.folder / name).read_text(encoding="utf-8"))

    @property
    def trials(self) -> list[dict[str, Any]]:
        return [self.read(f"trials/{number}.json") for number in range(len(list(self.folder.glob("trials/*.json"))))]

    @property
    def text(self) -> str:
        return (self.folder / "summary.txt").read_text(encoding="utf-8")

    @property
    def page(self) -> str:
        return (self.folder / "report.html").read_text(encoding="utf-8")

    @property
    def decision(self) -> str:
        """The words of the decision, as the summary has them."""
        (found,) = re.findall(rf"^({'|'.join(WORDS)}): ", self.text, re.M)
        return str(found)

    @property
    def commands(self) -> list[str]:
        """What the last lines print."""
        return re.findall(r"^[^:]+: (shipworthy .*)$", self.text[self.text.index(f"{self.decision}: ") :], re.M)


Search = Callable[..., Searched]


def campaign(people: People, done: "subprocess.CompletedProcess[str]") -> Searched:
    """The campaign of which `tune` tells."""
    found = re.search(r"campaign (tune-\w+): ", done.stdout)
    assert found, done.stdout[-3000:] + done.stderr[-3000:]
    return Searched(done, people.folder / "work" / "runs" / "campaigns" / found[1])


@pytest.fixture(scope="module")
def people(tmp_path_factory: pytest.TempPathFactory) -> People:
    """With plan and dataset, of 600 validation rows."""
    made = People(tmp_path_factory.mktemp("decides"))
    for command in ("plan", "prepare"):
        made.ok("shipworthy", command, "experiment=people", *PLACED)
    return made


@pytest.fixture(scope="module")
def search(people: People) -> Search:
    """Searches from a recipe with these trees, in this space."""

    def call(name: str, model: str, space: dict[str, str], *more: str, trials: int = 3) -> Searched:
        conf = people.folder / "conf"
        recipe = RECIPE.replace("model: {rounds: 20}", f"model: {model}")
        (conf / "experiment" / f"{name}.yaml").write_text(recipe, encoding="utf-8")
        lines = "".join(f"  {key}: {among}\n" for key, among in space.items())
        own = f"defaults: [base_optuna, _self_]\nspace:\n{lines}"
        (conf / "hpo" / f"{name}.yaml").write_text(own, encoding="utf-8")
        asked = (f"experiment={name}", f"hpo={name}", f"hpo.budget.trials={trials}", "preflight=off", *PLACED, *more)
        done = people.call("shipworthy", "tune", *asked)
        return campaign(people, done)

    return call


def test_a_better_winner_is_adopted_and_the_recipe_ran_though_it_lies_outside_the_space(
    search: Search, people: People
) -> None:
    found = search("worse", HOPELESS, BETTER_TREES, "hpo.unseen=0.5")
    assert found.done.returncode == 0, found.done.stderr
    first = found.trials[0]
    assert first["overrides"] == [] and first["params"] == {"model.max_depth": 1, "model.learning_rate": 0.0001}
    assert first["state"] == "finished"
    config = json.loads((found.folder.parents[1] / first["run_id"] / "record.json").read_text())["config"]
    assert config["model"]["learning_rate"] == 0.0001
    winner = found.read("winner.json")
    claim = winner["against_recipe"]["claim"]
    assert winner["recipe"]["trial"] == 0 and winner["trial"] != 0
    assert claim["n"] == winner["unseen"]["rows"] == winner["recipe"]["unseen"]["rows"]
    assert claim["difference"]["value"] == pytest.approx(
        winner["unseen"]["value"] - winner["recipe"]["unseen"]["value"]
    )
    assert found.decision == "ADOPT THE WINNER" and claim["words"] == "better"
    assert "<h2>Adopt the winner</h2>" in found.page and "exact McNemar test" in found.page
    assert found.text in found.done.stdout
    people.ok(*shlex.split(found.commands[0]))
    selected = json.loads((people.folder / "work" / "decides" / "checkpoint" / "manifest.json").read_text())
    assert selected["run_id"] == winner["run_id"]


def test_a_recipe_that_no_trial_beats_is_kept(search: Search) -> None:
    found = search("better", GOOD, HOPELESS_TREES)
    assert found.done.returncode == 0, found.done.stderr
    assert found.read("winner.json")["trial"] == 0
    assert found.decision == "KEEP THE RECIPE" and "none did better than the recipe itself" in found.text
    assert "runs select" not in found.text and "runs select" not in found.page
    (command,) = found.commands
    assert command == f"shipworthy train experiment=better preflight=off {' '.join(PLACED)}"
    assert "the recipe: model.max_depth=4 model.learning_rate=0.3" in found.text


def test_too_few_rows_are_said_with_how_many_it_takes_and_the_command_that_keeps_them(
    search: Search, people: People
) -> None:
    found = search("few", HOPELESS, BETTER_TREES, "hpo.unseen=0.05")
    assert found.done.returncode == 0, found.done.stderr
    winner = found.read("winner.json")
    needed = winner["against_recipe"]["rows_needed"]
    assert found.decision == "MEASURE AGAIN" and winner["unseen"]["rows"] < needed
    assert f"takes about {needed:,} unseen rows (80% power)" in found.text
    again = shlex.split(found.commands[0])
    (share,) = (float(text.partition("=")[2]) for text in again if text.startswith("hpo.unseen="))
    assert share == pytest.approx(needed / winner["validation_rows"], abs=0.01)
    second = campaign(people, people.call(*again))
    assert second.folder != found.folder and second.read("winner.json")["unseen"]["rows"] >= 0.7 * needed
    assert second.decision == "ADOPT THE WINNER"


def test_without_rows_that_no_trial_saw_nothing_is_adopted(search: Search) -> None:
    found = search("unseen", HOPELESS, BETTER_TREES, "hpo.unseen=0")
    assert found.decision == "MEASURE AGAIN" and "runs select" not in found.text
    assert "on which the best of many always looks better than it is" in found.text
    again = shlex.split(found.commands[0])
    assert again[:2] == ["shipworthy", "tune"] and "hpo.unseen=0.3" in again and "hpo.unseen=0" not in again


def test_trials_that_tie_at_a_constants_value_are_not_for_choosing(search: Search, people: People) -> None:
    found = search("tied", HOPELESS, HOPELESS_TREES)
    assert len({trial["values"]["metric"] for trial in found.trials}) == 1
    assert found.decision == "NOTHING WAS LEARNED" and "gives every row the same answer, 'yes'" in found.text
    assert "runs select" not in found.text
    people.ok(*shlex.split(found.commands[0]))


def test_when_all_trials_failed_the_exit_code_and_a_sentence_say_so(search: Search, people: People) -> None:
    module = people.folder / "src" / "shipworthy" / "models" / "xgboost" / "family.py"
    before = module.read_text(encoding="utf-8")
    people.edit("models/xgboost/family.py", "XGBoostModel.rounds = lambda *_: 1 / 0  # type: ignore")
    found = search("broken", GOOD, BETTER_TREES, trials=2)
    module.write_text(before, encoding="utf-8")
    assert found.done.returncode == 1
    (said,) = found.done.stderr.strip().splitlines()[-1:]
    assert said.startswith("shipworthy tune: all 2 trials failed; the first of them, trial 0: ZeroDivisionError")
    log = re.search(r"whole log: (\S+)\)", said)
    assert log and "ZeroDivisionError" in Path(log[1]).read_text(encoding="utf-8")
    assert found.decision == "NOTHING WAS LEARNED" and "2 of 2 failed" in found.text


def test_a_campaign_is_not_gone_on_with_on_other_rows(search: Search, people: People) -> None:
    found = search("better", GOOD, HOPELESS_TREES)  # as above: nothing runs again
    campaign = found.read("campaign.json")
    (found.folder / "campaign.json").write_text(json.dumps({**campaign, "dataset": "0" * 64}))
    trial = found.read("trials/2.json")
    (found.folder / "trials" / "2.json").write_text(json.dumps({**trial, "state": "waiting"}))
    done = people.call("shipworthy", "tune", f"campaign={found.folder.name}", PLACED[1])
    assert done.returncode == 2 and "was begun on another dataset" in done.stderr
