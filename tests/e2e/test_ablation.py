"""`shipworthy ablate` on a real, small pipeline: every variant on every seed, and what each decision contributes."""

import json
import shutil
from pathlib import Path

import pytest

from shipworthy.core.files import read_json
from tests.conftest import ROOT, Shipworthy, one_sentence
from tests.execution.campaigns.test_service import ADULT, LINKED

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]

# Rows enough that two seeds show what sixty trees do.
LARGER = tuple("data.sample=0.06" if one.startswith("data.sample=") else one for one in ADULT)
RECIPE = (
    *LARGER,
    "model.rounds=60",
    "model.learning_rate=0.1",
    "model.subsample=1.0",
    "model.threads=1",
    "ablation=own",
)
OWN = """\
defaults: [base_recipe, _self_]
design: drop_one
seeds: 2
changes:
  rounds: ["model.rounds=1", "model.learning_rate=0.001"]
  nothing: ["model.early_stopping_rounds=29"]
"""


@pytest.fixture(scope="module")
def project(shipworthy: Shipworthy, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("ablation") / "project"
    folder.mkdir()
    for name in LINKED:
        (folder / name).symlink_to(ROOT / name)
    for name in ("conf", "extensions"):
        shutil.copytree(ROOT / name, folder / name)
    (folder / "conf" / "ablation" / "own.yaml").write_text(OWN)
    for command in ("plan", "prepare"):
        done = shipworthy(command, *LARGER, cwd=folder)
        assert done.returncode == 0, done.stdout + done.stderr
    return folder


def test_each_decision_has_its_row_and_a_second_call_trains_nothing(project: Path, shipworthy: Shipworthy):
    done = shipworthy("ablate", *RECIPE, cwd=project)
    assert done.returncode == 0, done.stdout + done.stderr
    (folder,) = (project / "runs" / "campaigns").iterdir()
    found = read_json(folder / "ablation.json")
    rounds, nothing = found["decisions"]
    assert (rounds["name"], rounds["seeds"], rounds["advice"]) == ("rounds", 2, "keep")
    assert rounds["high"] < 0
    # The same trees: a difference of nothing, and no doubt about it.
    assert [nothing[key] for key in ("difference", "low", "high", "advice")] == [0, 0, 0, "no effect at all"]
    assert "the recipe's accuracy is" in done.stdout and ": keep it" in (folder / "report.html").read_text()
    trials = [json.loads(path.read_text()) for path in (folder / "trials").glob("*.json")]
    assert sorted(one["name"] for one in trials) == sorted(
        f"{name}, seed {seed}" for name in ("recipe", "rounds", "nothing") for seed in (17, 18)
    )
    again = shipworthy("ablate", *RECIPE, cwd=project)
    assert again.returncode == 0
    assert read_json(folder / "ablation.json") == found
    assert all(len(json.loads(path.read_text())["attempts"]) == 1 for path in (folder / "trials").glob("*.json"))


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((*ADULT,), "ablation=none names no decision"),
        ((*RECIPE, "ablation.seeds=1"), "ablation.seeds=1"),
        ((*ADULT, "ablation=owm"), "did you mean ablation=own?"),
        ((*RECIPE, "+ablation.changes.bad=[model.max_dept=3]"), "model.max_dept"),
        ((*RECIPE, "validation_share=0.5"), "validation_share"),
        (("campaign=nosuch",), "nosuch"),
    ],
)
def test_what_cannot_be_compared_is_one_sentence(project: Path, in_process: Shipworthy, arguments, said):
    done = in_process("ablate", *arguments, cwd=project)
    assert done.returncode == 2, done.stdout
    assert said in one_sentence(done)
