"""One command for a recipe, and DVC, do again what an edit or a setting touches, and nothing else."""

import json
import os
import re
import signal
import subprocess
import time
from pathlib import Path

import pytest

from shipworthy.core.artifact import read_artifact
from shipworthy.execution.pipeline import ARTIFACTS
from tests.conftest import PROGRAM, ROOT
from tests.e2e.people import People

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(900)]

ALL = list(ARTIFACTS)
RECIPE = ("shipworthy", "pipeline", "experiment=people")
PARAMS = """
from pathlib import Path
from omegaconf import OmegaConf
from shipworthy.config.compose import composed
Path("params.yaml").write_text(OmegaConf.to_yaml(composed(["experiment=people"]), resolve=True))
"""


def ran(said: str) -> list[str]:
    """The commands that a pipeline ran, as it says them."""
    lines = (re.fullmatch(r"(\w+): (.*)", line) for line in said.splitlines())
    found = {line[1]: line[2] for line in lines if line and line[1] in ARTIFACTS}
    kept = {command for command, kind in ARTIFACTS.items() if f"{command}: {kind} is current" in said.splitlines()}
    return [command for command in ALL if command not in kept and command in found]


@pytest.fixture(scope="module")
def people(tmp_path_factory: pytest.TempPathFactory) -> People:
    return People(tmp_path_factory.mktemp("people"))


def test_a_recipe_is_walked_with_one_command_and_again_only_where_something_changed(people: People) -> None:
    with subprocess.Popen(
        [str(PROGRAM), *RECIPE[1:]],
        cwd=people.folder,
        env={**os.environ, "PYTHONPATH": str(people.folder / "src"), "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if line.startswith("baseline: not made yet"):
                time.sleep(2)
                os.kill(process.pid, signal.SIGINT)
                break
        rest = process.stdout.read()
    assert process.returncode == 130 and "Traceback" not in rest
    assert "baseline ended with 130" in rest and "the same command goes on from there" in rest

    said = people.ok(*RECIPE)
    workspace = people.folder / "work" / "people" / "artifacts"
    assert "plan: plan is current" in said and "prepare: dataset is current" in said
    assert all((workspace / kind / "manifest.json").is_file() for kind in ARTIFACTS.values())
    summary = (workspace / "report" / "summary.txt").read_text(encoding="utf-8")
    assert said.rstrip().endswith(summary.rstrip()) and "VERDICT" in summary

    said = people.ok(*RECIPE)
    assert ran(said) == [] and said.rstrip().endswith(summary.rstrip())

    people.edit("models/xgboost/family.py", "# A comment.")
    assert ran(people.ok(*RECIPE)) == []
    before = read_artifact(workspace / "checkpoint", "checkpoint").manifest.run_id
    people.edit("models/xgboost/family.py", "ADDED = 1")
    again = ran(people.ok(*RECIPE))
    assert "prepare" not in again
    assert again[-8:] == ["train", "evaluate", "general", "judge", "compress", "bench", "package", "report"]
    assert read_artifact(workspace / "checkpoint", "checkpoint").manifest.run_id != before


def test_what_a_stage_loads_is_in_its_lineage(people: People) -> None:
    """Of all that a recipe's stages import while they run, but for what composing a config and running any stage do."""
    people.ok(*RECIPE)
    probe = people.folder / "probe.py"
    probe.write_text(
        "import sys\n"
        "from shipworthy.cli import main\n"
        "from shipworthy.config.compose import compose\n"
        "compose([])\n"
        "import shipworthy.core.events, shipworthy.core.json_output, shipworthy.execution.stage\n"
        "before = {*sys.modules}\n"
        "code = main(sys.argv[1:])\n"
        "print('LOADED', *sorted(name for name in {*sys.modules} - before if name.startswith('shipworthy')))\n"
        "sys.exit(code)\n"
    )
    people.ok("python", "-c", PARAMS)
    lineages = people.folder / "artifacts" / "code"
    people.ok("shipworthy", "code", "--params", "params.yaml")
    aside = ("shipworthy.execution", "shipworthy.core.lineage")  # what runs a stage, whichever it is
    for command in ("plan", "prepare", "baseline", "train", "evaluate", "general", "judge", "compress", "bench"):
        said = people.ok("python", "probe.py", command, "experiment=people", "workspace=work/people/artifacts")
        loaded = next(line for line in said.splitlines() if line.startswith("LOADED")).split()[1:]
        known = {line.split()[0] for line in (lineages / command).read_text().splitlines()}
        packages = {name for name in loaded if any(other.startswith(f"{name}.") for other in loaded)}
        assert len(loaded) > 5, "that the probe sees what is imported"
        assert {name for name in loaded if not name.startswith(aside)} - known - packages == set(), command


def test_dvc_runs_again_what_an_edit_touches_and_nothing_for_a_comment(people: People) -> None:
    people.ok("dvc", "init", "--no-scm", "--quiet", "--force")
    people.ok("python", "-c", PARAMS)
    people.ok("dvc", "repro", "evaluate")

    def stale() -> set[str]:
        people.ok("dvc", "repro", "code")
        return set(json.loads(people.ok("dvc", "status", "--json", "--with-deps", "evaluate") or "{}"))

    assert stale() == set()
    people.edit("models/xgboost/family.py", "# Another comment.")
    assert stale() == set()
    people.edit("models/xgboost/family.py", "AND_ANOTHER = 2")
    assert {"train", "evaluate"} <= stale() and "prepare" not in stale()
    people.edit("evaluation/paired.py", "ADDED = 3")
    assert "evaluate" in stale()
    before = (people.folder / "artifacts" / "code" / "train").read_text()
    people.choose(model={"kind": "xgboost", "rounds": 21})
    people.ok("dvc", "repro", "code")
    assert (people.folder / "artifacts" / "code" / "train").read_text() == before, "another setting, the same modules"
    people.ok("dvc", "dag")


def test_the_command_that_the_readme_shows_is_there() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    (shown,) = re.findall(r"^shipworthy (pipeline .*)$", text, re.MULTILINE)  # at the margin: a list's is indented
    assert shown == "pipeline experiment=adult_xgboost" and "for command in" not in text


def test_the_command_that_the_readme_shows_works(tmp_path: Path) -> None:
    project = People(tmp_path)
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    (shown,) = re.findall(r"^(shipworthy pipeline .*)$", text, re.MULTILINE)
    assert "VERDICT" in project.ok(*shown.split(), "data.sample=0.1")
