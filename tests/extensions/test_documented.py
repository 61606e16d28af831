"""The extension of docs/extensions.md runs the whole pipeline, as a folder and as an installed package."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from shipworthy.evaluation.figures import figure
from tests.conftest import ROOT, Shipworthy, one_sentence
from tests.extensions import documented

pytestmark = pytest.mark.timeout(600)  # all of a pipeline's commands

WALK = """
import json, sys
from shipworthy.cli import main
for words in json.loads(sys.argv[1]):
    print("==", *words, flush=True)
    if code := main(words):
        sys.exit(code)
"""
METADATA = "Metadata-Version: 2.1\nName: my-company-tickets\nVersion: 1.0\n"


def walk(root: Path, commands: list[list[str]], **env: str) -> subprocess.CompletedProcess[str]:
    """Runs commands one after another, as `shipworthy` would, in one process: its libraries load once."""
    return subprocess.run(
        [sys.executable, "-c", WALK, json.dumps(commands)],
        cwd=root,
        env={**os.environ, **env},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The artifacts of all of the page's commands."""
    root = documented.project(tmp_path_factory.mktemp("documented"))
    documented.write(root)
    commands = documented.commands()
    # Our engine asks the model in a process of its own, which must find the family, too.
    commands.insert(
        [words[0] for words in commands].index("bench"), ["bench", "experiment=tickets", "engine=in_process"]
    )
    done = walk(root, commands)
    assert done.returncode == 0, done.stdout + done.stderr
    benched = re.findall(r"(\d+) of (\d+) answers as in compress", done.stdout)
    assert len(benched) == 2 and all(equal == rows for equal, rows in benched), done.stdout
    return root / "artifacts"


def test_every_part_is_used_by_its_name(made: Path) -> None:
    evaluation = json.loads((made / "evaluation" / "evaluation.json").read_text())
    by_name = {candidate["name"]: candidate["metrics"] for candidate in evaluation["candidates"]}
    assert list(by_name) == ["majority", "keyword", "tuned"]
    assert list(by_name["tuned"]) == ["exact_match", "same_floor"]
    assert by_name["tuned"]["exact_match"]["value"] > 0.9 > by_name["majority"]["exact_match"]["value"]
    # Two of three teams begin with b: the metric is the page's own.
    assert by_name["majority"]["same_floor"]["value"] > by_name["majority"]["exact_match"]["value"]
    summary = (made / "report" / "summary.txt").read_text()
    assert "right floor" in summary and figure("same_floor", by_name["tuned"]["same_floor"]["value"]) in summary
    compressed = json.loads((made / "compressed" / "compressed.json").read_text())
    assert [variant["name"] for variant in compressed["variants"]] == ["frequent"]
    assert json.loads((made / "bench" / "bench.json").read_text())["engine"] == "here"


def test_a_package_needs_no_extension(made: Path, tmp_path: Path) -> None:
    package = shutil.copytree(made / "package", tmp_path / "deployed")
    asked = ["predict", "text=my printer is wrong today"]
    # -I and -S: neither shipworthy nor any other package can be imported.
    said = subprocess.run([sys.executable, "-I", "-S", *asked], cwd=package, capture_output=True, text=True, check=True)
    assert said.stdout == "basement\n"


def test_an_installed_package_is_an_extension_by_its_entry_point(tmp_path: Path) -> None:
    root, installed = documented.project(tmp_path / "project"), tmp_path / "installed"
    documented.write(installed, "my_company_tickets")
    (installed / "my_company_tickets-1.0.dist-info").mkdir()
    (installed / "my_company_tickets-1.0.dist-info" / "METADATA").write_text(METADATA)
    (installed / "my_company_tickets-1.0.dist-info" / "entry_points.txt").write_text(
        "[shipworthy.extensions]\ntickets = my_company_tickets\n"
    )
    wanted = [words for words in documented.commands() if words[0] in ("prepare", "baseline")]
    done = walk(root, wanted, PYTHONPATH=str(installed))
    assert done.returncode == 0, done.stdout + done.stderr
    record = json.loads((root / "artifacts" / "baseline" / "baseline.json").read_text())
    assert [one["name"] for one in record["baselines"]] == ["majority", "keyword"]
    assert list(record["baselines"][1]["validation"]) == ["exact_match", "same_floor"]


COMPOSE = """
import sys
from dvc.utils.hydra import compose_and_dump
compose_and_dump("composed.yaml", sys.argv[1], None, "config", sys.argv[2], ["experiment=tickets"])
"""


def test_dvc_finds_the_choices_of_an_extension(tmp_path: Path) -> None:
    root = documented.project(tmp_path)
    documented.write(root)
    subprocess.run(
        [sys.executable, "-c", COMPOSE, root / "conf", ROOT], cwd=root, capture_output=True, text=True, check=True
    )
    composed = (root / "composed.yaml").read_text()
    assert "kind: keyword" in composed and "kind: here" in composed


@pytest.mark.parametrize(
    ("file", "text", "sentence"),
    [
        (
            "models/keyword/schema.py",
            "import nothing_of_that_name\n",
            "extensions/tickets/models/keyword/schema.py, line 1: ModuleNotFoundError: No module named "
            "'nothing_of_that_name'; correct it, or move the extension away.",
        ),
        (
            "models/keyword/schema.py",
            "a = 1\nb = (\n",
            "extensions/tickets/models/keyword/schema.py, line 2: SyntaxError: '(' was never closed; correct it, or "
            "move the extension away.",
        ),
        (
            "formats/tickets.py",
            "import json\n\njson.loads('')\n",
            "extensions/tickets/formats/tickets.py, line 3: JSONDecodeError: Expecting value; correct it, or move the "
            "extension away.",
        ),
    ],
)
def test_a_broken_extension_is_one_sentence_with_file_and_line(
    tmp_path: Path, shipworthy: Shipworthy, file: str, text: str, sentence: str
) -> None:
    root = documented.project(tmp_path)
    documented.write(root)
    (root / "extensions" / "tickets" / file).write_text(text)
    done = shipworthy("prepare", "experiment=tickets", cwd=root)
    assert done.returncode == 2
    assert one_sentence(done) == f"shipworthy prepare: {root}/{sentence}"
