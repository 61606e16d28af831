"""The harness's environment where it is missing or fails, and what is kept of the answers; a script plays its part."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from shipworthy.core.errors import ShipworthyError
from shipworthy.evaluation.general.lm_eval import toolchain
from shipworthy.evaluation.general.lm_eval.schema import LmEval
from shipworthy.evaluation.general.lm_eval.toolchain import answers, locate
from tests.conftest import ROOT

CONFIG = LmEval(tasks=["first", "second"], include_path="benchmarks", limit=5)
PLAYS = """import json, sys
from pathlib import Path
order = json.loads(sys.stdin.readline())
Path(__file__).with_name("orders").open("a").write(json.dumps(order) + "\\n")
print("a remark", file=sys.stderr)
for task in order["tasks"]:
    print(json.dumps({"batch": 4}))
    print(json.dumps({"task": task, "versions": {}, "parts": {}}), flush=True)
"""


@pytest.fixture
def plays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The script that plays the harness's."""
    monkeypatch.setattr(toolchain, "locate", lambda: Path(sys.executable))
    monkeypatch.setattr(toolchain, "FOLDER", tmp_path)
    (tmp_path / "answer.py").write_text(PLAYS)
    return tmp_path / "answer.py"


def test_where_it_is_not_built_the_command_that_builds_it_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHIPWORTHY_CACHE", str(tmp_path))
    with pytest.raises(
        ShipworthyError, match=r"^lm-evaluation-harness is not built in .*: run toolchains/lm_eval/build"
    ):
        locate()


def test_it_is_told_all_settings(plays: Path, tmp_path: Path) -> None:
    found = answers(CONFIG, Path("t"), (Path("b"), Path("a")), 7, tmp_path / "kept" / "tuned")
    assert [one["task"] for one in found] == ["first", "second"]
    (told,) = (json.loads(line) for line in plays.with_name("orders").read_text().splitlines())
    assert told == {
        "tokenizer": "t",
        "weights": "b",
        "adapter": "a",
        "tasks": ["first", "second"],
        "include_path": "benchmarks",
        "limit": 5,
        "num_fewshot": None,
        "batch_size": 8,
        "apply_chat_template": False,
        "dtype": "float32",
        "seed": 7,
    }


def test_what_was_answered_before_a_failure_is_not_asked_again(plays: Path, tmp_path: Path) -> None:
    plays.write_text(
        PLAYS + "    print(json.dumps({'error': 'KeyError: no such column'}), flush=True)\n    break\n",
        encoding="utf-8",
    )
    with pytest.raises(
        ShipworthyError, match=r"lm-evaluation-harness: KeyError: no such column\. All .* in .*base\.log"
    ):
        answers(CONFIG, Path("t"), (Path("b"), None), 7, tmp_path / "kept" / "base")
    assert "a remark" in (tmp_path / "kept" / "base.log").read_text()
    plays.write_text(PLAYS, encoding="utf-8")
    assert [one["task"] for one in answers(CONFIG, Path("t"), (Path("b"), None), 7, tmp_path / "kept" / "base")] == [
        "first",
        "second",
    ]
    assert len(answers(CONFIG, Path("t"), (Path("b"), None), 7, tmp_path / "kept" / "base")) == 2, (
        "nothing is left to be asked"
    )
    orders = [json.loads(line)["tasks"] for line in plays.with_name("orders").read_text().splitlines()]
    assert orders == [["first", "second"], ["second"]]


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ("print('Downloading...', flush=True)", r"said 'Downloading\.\.\.', which is no answer"),
        ("import nothing_of_that_name", r"ended with code 1: ModuleNotFoundError: .*\(.*base\.log\)"),
        ("import os\nos.kill(os.getpid(), 9)", r"ended with code -9: it wrote nothing"),
    ],
)
def test_what_fails_is_told_in_a_sentence(plays: Path, tmp_path: Path, script: str, said: str) -> None:
    plays.write_text(script, encoding="utf-8")
    with pytest.raises(ShipworthyError, match=said):
        answers(CONFIG, Path("t"), (Path("b"), None), 7, tmp_path / "kept" / "base")


def test_what_both_environments_read_tokens_by_is_of_the_same_version() -> None:
    core, own = (
        dict(
            line.split(" ; ")[0].split("==")
            for line in path.read_text().splitlines()
            if "==" in line and line[0] != "#"
        )
        for path in (ROOT / "requirements.lock", ROOT / "toolchains" / "lm_eval" / "requirements.lock")
    )
    assert {name: own[name] for name in ("torch", "transformers", "tokenizers", "peft", "datasets")} == {
        name: core[name] for name in ("torch", "transformers", "tokenizers", "peft", "datasets")
    }


@pytest.mark.e2e
def test_it_is_built_once() -> None:
    before = locate().stat().st_mtime_ns
    done = subprocess.run(["toolchains/lm_eval/build"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, f"lm_eval: ready in {locate().parents[2]}\n"), done.stderr
    assert locate().stat().st_mtime_ns == before
