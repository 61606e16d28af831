"""`shipworthy ablate` on a small table, two decisions in all combinations: what to keep, what to drop, what to do next.

The rows are made such that depth matters much, and nothing else does; XGBoost draws nothing by chance.
"""

import shlex
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from shipworthy.core.files import read_json
from tests.conftest import PROGRAM, one_sentence
from tests.e2e.people import People

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(900)]

RECIPE = ("experiment=people", "ablation=own", "preflight=off", "trainer.accept_unfit_plan=true", "model.threads=1")
QUICK = ("model.rounds=15", "model.learning_rate=0.3", "model.subsample=1.0", "model.colsample=1.0")
WORKSPACE = "workspace=my work/artifacts"
OWN = """\
defaults: [base_recipe, _self_]
design: factorial
seeds: 2
changes:
  depth: ["model.max_depth=1"]
  stopping: ["model.early_stopping_rounds=49"]
"""
SHALLOW = """\
defaults: [base_recipe, _self_]
seeds: 2
changes:
  shallow: ["model.max_depth=6"]
"""


def write_table(folder: Path) -> None:
    """Whether two bits differ, one time in ten the other way: no tree of one split can tell it."""
    n = pl.int_range(1500)
    one, two = n * 7919 % 2, n // 2 * 15485863 % 2
    flipped = n * 32452843 % 101 < 10
    pay = pl.when((one != two) ^ flipped).then(pl.lit("yes")).otherwise(pl.lit("no"))
    rows = pl.select(one=one, two=two, number=n * 104729 % 997, pay=pay)
    rows.write_csv(folder / "data" / "people.csv")


@pytest.fixture(scope="module")
def people(tmp_path_factory: pytest.TempPathFactory) -> People:
    found = People(tmp_path_factory.mktemp("decides") / "project")
    write_table(found.folder)
    (found.folder / "conf" / "ablation" / "own.yaml").write_text(OWN, encoding="utf-8")
    (found.folder / "conf" / "ablation" / "shallow.yaml").write_text(SHALLOW, encoding="utf-8")
    for command in ("plan", "prepare"):
        found.ok("shipworthy", command, *RECIPE, *QUICK, WORKSPACE)
    return found


@pytest.fixture(scope="module")
def said(people: People) -> str:
    return people.ok("shipworthy", "ablate", *RECIPE, *QUICK, WORKSPACE)


def campaign(people: People) -> Path:
    """The first one's folder."""
    return min((people.folder / "my work" / "runs" / "campaigns").iterdir(), key=made_at)


def made_at(folder: Path) -> float:
    return float(read_json(folder / "campaign.json")["made"])


def found(people: People) -> dict[str, Any]:
    return dict(read_json(campaign(people) / "ablation.json"))


def test_each_decision_is_said_with_its_change_its_sign_and_what_to_do(people: People, said: str):
    depth, stopping = found(people)["decisions"]
    assert depth["changes"] == [{"key": "model.max_depth", "before": "6", "after": "1"}]
    assert depth["high"] < 0 and depth["advice"] == "keep"
    assert depth["sentence"].startswith("without it (model.max_depth 6 → 1) accuracy falls by ")
    assert depth["sentence"].endswith(": keep it")
    assert stopping["advice"] == "no effect at all" and stopping["difference"] == 0
    assert "the model is the same, byte for byte: the change had no effect at all" in stopping["sentence"]
    page = (campaign(people) / "report.html").read_text(encoding="utf-8")
    assert 'id="effects-' in page and "model.max_depth: 6 → 1" in page
    for one in (depth, stopping):
        assert f"{one['name']}: {one['sentence']}" in said


def test_seeds_that_change_nothing_and_interactions_are_said(people: People, said: str):
    result = found(people)
    assert result["without_chance"] == [[], ["depth"], ["stopping"], ["depth", "stopping"]]
    assert "Seeds change nothing: the models are the same byte for byte" in said
    assert "(with model.subsample=1 and model.colsample=1)" in said
    (pair,) = result["interactions"]
    assert pair["of"] == ["depth", "stopping"] and not pair["shown"] and pair["difference"] == 0
    assert "at model.early_stopping_rounds 50, and by" in said


def test_more_seeds_go_on_and_train_only_what_is_new(people: People, said: str):
    before = sorted((campaign(people) / "trials").iterdir())
    made = {path: path.stat().st_mtime_ns for path in before}
    people.ok("shipworthy", "ablate", *RECIPE, *QUICK, WORKSPACE, "ablation.seeds=3")
    after = sorted((campaign(people) / "trials").iterdir())
    assert len(before) == 8 and len(after) == 12
    assert {path: path.stat().st_mtime_ns for path in before} == made
    result = found(people)
    assert [one["seeds"] for one in result["decisions"]] == [3, 3] and len(result["recipe"]) == 3
    fewer = people.call("shipworthy", "ablate", *RECIPE, *QUICK, WORKSPACE)
    assert fewer.returncode == 2 and "ablation.seeds=2 makes 8 trainings, but campaign " in one_sentence(fewer)


def test_what_is_to_be_dropped_is_dropped_by_the_printed_command(people: People, said: str):
    shallow = (*RECIPE, *QUICK, WORKSPACE, "ablation=shallow", "model.max_depth=1")
    printed = people.ok("shipworthy", "ablate", *(one for one in shallow if one != "ablation=own"))
    folder = max((people.folder / "my work" / "runs" / "campaigns").iterdir(), key=made_at)
    result = read_json(folder / "ablation.json")
    (decision,) = result["decisions"]
    assert decision["advice"] == "drop" and decision["low"] > 0
    assert decision["sentence"].startswith("without it (model.max_depth 1 → 6) accuracy rises by ")
    (following,) = result["commands"]
    assert printed.rstrip().endswith(following["command"]) and decision["commands"] == [following["command"]]
    program, *words = shlex.split(following["command"])
    assert program == PROGRAM.name and "model.max_depth=6" in words and WORKSPACE in words
    people.ok(program, *words)
    checkpoint = people.folder / "my work" / "artifacts" / "checkpoint"
    assert read_json(checkpoint / "candidate.json")["model"]["max_depth"] == 6


@pytest.mark.parametrize(
    ("change", "wrong"),
    [
        ("[model.max_depth=6]", "model.max_depth=6 is what the recipe has already"),
        ("[quant=none]", "quant=none has no effect on a training"),
    ],
)
def test_what_can_change_nothing_is_refused_before_it_is_trained(people: People, change: str, wrong: str):
    done = people.call("shipworthy", "ablate", *RECIPE, *QUICK, WORKSPACE, f"++ablation.changes.idle={change}")
    assert done.returncode == 2 and f"ablation.changes.idle: {wrong}" in one_sentence(done)
