"""Every command that messages and pages print works as it is printed: a project is walked, and they are run in a shell.

The workspace is none that anybody would guess, and has a space in its name.
"""

import html
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import PROGRAM
from tests.e2e.people import People

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(900)]

RECIPE = ("experiment=people", "workspace=work/my people/artifacts")
HPO = "defaults: [xgboost, _self_]\nbudget: {trials: 3}\n"
ABLATION = 'defaults: [base_recipe, _self_]\ndesign: drop_one\nseeds: 2\nchanges: {rounds: ["model.rounds=2"]}\n'
PRINTED = re.compile(r"(?:^\s*|`|: |run )((?:shipworthy|dvc) [a-z][a-z-]*(?![\w:-])[^`\n]*)(?=`|$)", re.MULTILINE)
"""A command in backquotes, on a line of its own, or at a line's end after what it does."""
ELEMENTS = re.compile(r"<(?:code|pre)[^>]*>\s*((?:shipworthy|dvc) [^<]*?)\s*</", re.DOTALL)


def printed(text: str) -> set[str]:
    """The commands in what was printed."""
    return {found.strip().rstrip(".") for found in PRINTED.findall(text)}


def in_files(folder: Path) -> Iterator[str]:
    """The commands in the pages, summaries and cards below a folder."""
    for path in sorted(folder.rglob("*")):
        if path.suffix == ".html":
            yield from (html.unescape(found) for found in ELEMENTS.findall(path.read_text(encoding="utf-8")))
        elif path.suffix in {".md", ".txt"} and path.name not in {"packages.txt", "log.txt"}:
            yield from printed(path.read_text(encoding="utf-8", errors="replace"))


def test_the_commands_are_found_where_they_stand() -> None:
    text = (
        "shipworthy train: There is no plan at x: run `shipworthy plan 'a=b c'` first.\n"
        "run it again and compare: shipworthy reproduce 0a1b workspace='my work/artifacts'\n"
        "  shipworthy pipeline experiment=people\nmade by shipworthy from artifacts; `dvc repro` goes on.\n"
    )
    assert printed(text) == {
        "shipworthy plan 'a=b c'",
        "shipworthy reproduce 0a1b workspace='my work/artifacts'",
        "shipworthy pipeline experiment=people",
        "dvc repro",
    }
    assert ELEMENTS.findall("<pre>shipworthy cost 0a1b</pre> <code>shipworthy runs</code>") == [
        "shipworthy cost 0a1b",
        "shipworthy runs",
    ]


@pytest.fixture(scope="module")
def walked(tmp_path_factory: pytest.TempPathFactory) -> tuple[People, set[str]]:
    """A project after a walk through everything, its mistakes too; and the commands that were printed on the way."""
    people = People(tmp_path_factory.mktemp("printed") / "my project")
    for group, content in {"hpo": HPO, "ablation": ABLATION}.items():
        (people.folder / "conf" / group / "few.yaml").write_text(content, encoding="utf-8")
    found: set[str] = set()

    def call(expected: int, *words: str) -> str:
        done = people.call("shipworthy", *words)
        said = done.stdout + done.stderr
        assert done.returncode == expected, f"{words}: {said[-3000:]}"
        assert "Traceback" not in said
        found.update(printed(said))
        return done.stdout

    place = RECIPE[1]
    for command in ("baseline", "train", "evaluate", "compress", "bench", "package", "report"):
        call(1, command, *RECIPE)  # each names what must be made before it
    call(1, "tune", *RECIPE, "hpo=few")
    call(0, "runs", place)
    call(2, "pipeline", *RECIPE, "sample=100")
    call(0, "pipeline", *RECIPE)
    call(0, "tune", *RECIPE, "hpo=few")
    call(0, "ablate", *RECIPE, "ablation=few")
    call(0, "train", "--multirun", *RECIPE, "model.rounds=3,6")
    call(0, "runs", place)
    ids = [path.parent.name for path in sorted((people.folder / "work/my people/runs").glob("*/record.json"))]
    call(0, "runs", "show", ids[0], place)
    call(2, "runs", "show", "nosuchrun", place)
    call(0, "compare", *ids[:2], place)
    call(0, "cost", ids[0][:6], place)
    call(0, "runs", "select", ids[0], place)
    call(0, "runs", "dashboard", place)
    split = people.folder / "work/my people/artifacts/dataset/train.parquet"
    whole = split.read_bytes()
    split.write_bytes(whole[:-1])
    call(1, "train", *RECIPE, "seed=5")
    split.write_bytes(whole)
    return people, found | set(in_files(people.folder / "work"))


def test_each_command_does_what_it_was_printed_for(walked: tuple[People, set[str]], tmp_path: Path) -> None:
    people, found = walked
    ours = sorted(one for one in found if one.startswith("shipworthy "))
    for word in ("plan", "prepare", "evaluate", "runs select", "train"):
        assert any(one.startswith(f"shipworthy {word}") for one in ours), f"nothing prints {word}: {ours}"
    copy = tmp_path / "my project"
    env = {**os.environ, "PYTHONPATH": str(copy / "src"), "PATH": f"{PROGRAM.parent}:{os.environ['PATH']}"}
    failed = {}
    for line in ours:  # each where it was printed: what another one changed is undone
        shutil.rmtree(copy, ignore_errors=True)
        shutil.copytree(people.folder, copy, symlinks=True)
        done = subprocess.run(line, shell=True, cwd=copy, env=env, capture_output=True, text=True, check=False)
        if done.returncode:
            failed[line] = (done.returncode, done.stderr[-500:])
    assert not failed
    for line in found - {*ours}:
        verb = line.split()[1]
        assert (
            subprocess.run([PROGRAM.with_name("dvc"), verb, "--help"], capture_output=True, check=False).returncode == 0
        )
