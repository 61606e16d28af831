"""Two processes at once in one workspace, as two people, or a person and a forgotten terminal, have it."""

import json
import os
import random
import signal
import subprocess
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import pytest

from shipworthy.core import json_lines
from shipworthy.core.artifact import MADE_BY, MANIFEST, read_artifact
from shipworthy.core.files import read_json, sha256_of_json
from tests.conftest import PROGRAM
from tests.e2e.people import People

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]

PAIRS, SEED = 50, 17
MAKES = {command: kind for kind, command in MADE_BY.items()}
ABLATION = """\
defaults: [base_recipe, _self_]
changes: {depth: ["model.max_depth=2"]}
seeds: 2
"""
A, B, C = (), ("model.rounds=25",), ("model.rounds=12", "data.sample=0.8")
CONFIGS = (A, A, B, C)  # every second time both are of the same config
STEPS = ("plan", "prepare", "baseline", "train", "train", "evaluate", "compress", "bench", "report")
RUN = "RUN"
"""Stands for a run that has finished; twice in one command, for two."""
ASIDE = (
    ("runs",),
    ("runs", "show", RUN),
    ("runs", "note", RUN, "lesson=two at once"),
    ("runs", "select", RUN),
    ("compare", RUN, RUN),
    ("cost",),
    ("reproduce", RUN),
    ("pipeline", "experiment=people", "workspace=artifacts"),
    ("tune", "experiment=people", "hpo=xgboost", "hpo.budget.trials=2", "hpo.workers=1"),
    ("ablate", "experiment=people", "ablation=two"),
    ("train", "--multirun", "experiment=people", "model.rounds=20,25,30", "note=a sweep"),
)


@dataclass
class Done:
    """A command that has ended: exit code (negative: killed by that signal), and what it said."""

    words: Sequence[str]
    process: int
    code: int
    out: str
    err: str


class Workspace:
    """One workspace, and what must hold of it whatever was run."""

    def __init__(self, people: People) -> None:
        self.folder = people.folder
        self.artifacts, self.runs = self.folder / "artifacts", self.folder / "runs"
        self.killed: set[int] = set()

    def finished(self) -> list[str]:
        """The runs that can be asked about."""
        return sorted(path.parents[1].name for path in self.runs.glob(f"*/checkpoint/{MANIFEST}"))

    def at_once(self, *commands: Sequence[str], apart: float = 0.0, killed_after: float | None = None) -> list[Done]:
        """Runs them side by side.

        Args:
            apart: how much later than the one before each begins (seconds).
            killed_after: when the first one is sent SIGKILL (seconds; None: never).
        """
        begun = []
        for words in commands:
            begun.append(self.begin(words))
            time.sleep(apart)
        if killed_after is not None:
            time.sleep(killed_after)
            begun[0].kill()
        return [ended(words, process) for words, process in zip(commands, begun, strict=True)]

    def holding(self, words: Sequence[str], lock: str) -> "subprocess.Popen[str]":
        """A command that is stopped as soon as it holds a lock, e.g. `checkpoint.owner`."""
        process, path = self.begin(words), self.runs / ".locks" / f"artifacts.{lock}"
        while process.pid not in [line.get("process") for line in json_lines.read(path)]:
            assert process.poll() is None, f"{words} ended before it held {lock}"
            time.sleep(0.005)
        process.send_signal(signal.SIGSTOP)
        return process

    def beside(self, words: Sequence[str], lock: str, other: Sequence[str], until: str = "") -> list[Done]:
        """Runs the other command while the first holds a lock, to its end or until it says something."""
        first = self.holding(words, lock)
        second = self.begin(other)
        said = ""
        while until and until not in said:
            assert second.stdout
            said += second.stdout.readline()
            assert second.poll() is None, said
        if not until:
            second.wait()
        first.send_signal(signal.SIGCONT)
        done = [ended(words, first), ended(other, second)]
        done[1].out = said + done[1].out
        return done

    def begin(self, words: Sequence[str]) -> "subprocess.Popen[str]":
        return subprocess.Popen(
            [str(PROGRAM), *words],
            cwd=self.folder,
            env={**os.environ, "PYTHONPATH": str(self.folder / "src")},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def named(self, words: Sequence[str], draw: random.Random) -> list[str]:
        """A command with the ids of runs in it."""
        finished = self.finished()
        ids = iter(draw.sample(finished, k=min(len(finished), 2)))
        return [next(ids) if word == RUN else word for word in words]

    def made(self) -> dict[str, dict[str, Any]]:
        """Kind → manifest of what is in the workspace."""
        return {path.parent.name: read_json(path) for path in self.artifacts.glob(f"*/{MANIFEST}")}

    def check(self, before: dict[str, dict[str, Any]], done: Sequence[Done]) -> None:
        """What must hold after commands have ended, of what they made of what was there `before`."""
        for one in done:
            said = f"{one.words}\n{one.out}{one.err}"
            assert "Traceback" not in said, said
            assert one.code in (0, 1, 2, -signal.SIGKILL), f"{one.code}: {said}"
            if one.code in (1, 2):
                assert one.err.strip().splitlines()[-1].startswith(f"shipworthy {one.words[0]}: "), said
        for kind in self.made():
            read_artifact(self.artifacts / kind, kind)  # whole: every file is what the manifest says
        self._check_owners(before, done)
        self._check_records()

    def _check_owners(self, before: dict[str, dict[str, Any]], done: Sequence[Done]) -> None:
        """What is new was made by a command that says so, and what one says that it made is there."""
        killed = {one.process for one in done if one.code < 0}
        for path in (self.runs / ".locks").glob("*.owner"):
            assert {line["process"] for line in json_lines.read(path)} <= killed | self.killed, path.read_text()
        self.killed |= killed
        for kind, manifest in self.made().items():
            if kind == "selection" or manifest == before.get(kind):
                continue
            makers = [one for one in done if one.words[0] in (MADE_BY[kind], "pipeline", "runs") and one.code <= 0]
            assert makers, f"{kind} is new, and nobody made it: {done}"
            rounds = {rounds_of(one.words) for one in makers if "--multirun" not in one.words} - {0}
            of = manifest["config"].get("model", {}).get("rounds")
            assert of is None or not rounds or of in rounds or any(one.words[0] == "runs" for one in makers)
        for one in done:
            kind = MAKES.get(one.words[0], "")
            if one.code == 0 and kind and "--multirun" not in one.words and kind != "checkpoint":  # a copy of its run's
                assert self.made()[kind] != before.get(kind), f"{one.words} made nothing"

    def _check_records(self) -> None:
        for path in self.runs.rglob("*.jsonl"):
            for number, text in json_lines.texts(path):
                assert json.loads(text), f"{path}, line {number}"
        for run in self.finished():
            read_artifact(self.runs / run / "checkpoint", "checkpoint")
            ends = [line["status"] for line in json_lines.read(self.runs / run / "starts.jsonl") if "ended" in line]
            assert "finished" in ends or self.killed, run  # a kill may come between the model and that line


def rounds_of(words: Sequence[str]) -> int:
    """What a recipe's command line says of the trees (0: it is no recipe's)."""
    given = [int(word.partition("=")[2]) for word in words if word.startswith("model.rounds=")]
    return given[-1] if given else 20 if "experiment=people" in words else 0


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    people = People(tmp_path_factory.mktemp("two") / "project")
    (people.folder / "conf" / "ablation" / "two.yaml").write_text(ABLATION)
    for command in ("plan", "prepare", "baseline", "train", "evaluate", "compress", "bench"):
        people.ok("shipworthy", command, "experiment=people")
    return Workspace(people)


def recipe(command: str, config: Sequence[str], *more: str) -> list[str]:
    return [command, "experiment=people", *config, *more]


def test_two_configs_do_not_both_get_the_checkpoint(workspace: Workspace) -> None:
    before = workspace.made()
    words = [recipe("train", (f"model.rounds={rounds}",)) for rounds in (31, 32)]
    done = workspace.beside(words[0], "checkpoint.owner", words[1])
    workspace.check(before, done)
    assert [one.code for one in done] == [0, 1], done
    assert f"artifacts/checkpoint is being made by process {done[0].process} on " in done[1].err
    assert "model.rounds=31" in done[1].err and "workspace=…" in done[1].err
    assert workspace.made()["checkpoint"]["config"]["model"]["rounds"] == 31


def test_the_same_training_twice_is_one_run_with_the_first_ones_hypothesis(workspace: Workspace) -> None:
    before = workspace.made()
    words = [recipe("train", ("model.rounds=33",), f"note={note}") for note in ("first", "second")]
    done = workspace.beside(words[0], "checkpoint.owner", words[1], until="waiting for process")
    workspace.check(before, done)
    assert [one.code for one in done] == [0, 0], done
    assert "is done already; its hypothesis stays that of" in done[1].out and "'first'" in done[1].out
    run = workspace.runs / workspace.made()["checkpoint"]["run_id"]
    given = [(line["text"], line["start"], bool(line["author"])) for line in json_lines.read(run / "notes.jsonl")]
    assert given == [("first", 1, True)]
    sweep = recipe("train", (), "--multirun", "model.rounds=33", "note=third")
    for later in (sweep, ["runs", "note", run.name, "hypothesis=x"]):
        assert [one.code for one in workspace.at_once(later)] == [0]
    shown = workspace.at_once(["runs", "show", run.name])[0].out
    assert "hypothesis   first\n" in shown and "hypothesis (after the result): x" in shown and "third" not in shown


def test_what_is_read_is_not_replaced_meanwhile(workspace: Workspace) -> None:
    """A baseline on rows that are about to be replaced: it has one dataset from its first row to its last."""
    before = workspace.made()
    done = workspace.beside(
        recipe("baseline", A), "dataset.readers", recipe("prepare", C), until="artifacts/dataset: it is being read by"
    )
    workspace.check(before, done)
    assert [one.code for one in done] == [0, 0], done
    after = workspace.made()
    assert after["baseline"]["inputs"]["dataset"] == digest(before["dataset"]) != digest(after["dataset"])
    workspace.check(after, workspace.at_once(recipe("prepare", A)))


def test_who_is_killed_leaves_nothing_locked(workspace: Workspace) -> None:
    before = workspace.made()
    words = recipe("train", ("model.rounds=4000",)), recipe("train", B)
    process = workspace.holding(words[0], "checkpoint.owner")
    process.kill()
    killed, (after,) = ended(words[0], process), workspace.at_once(words[1])
    workspace.check(before, [killed, after])
    assert (killed.code, after.code) == (-signal.SIGKILL, 0), after


def test_a_pipeline_owns_what_it_makes_and_so_does_its_command_after_its_kill(workspace: Workspace) -> None:
    before, train = workspace.made(), recipe("train", ("model.rounds=34",))
    words = ["pipeline", "experiment=people", "workspace=artifacts", "seed=5"]
    pipeline = workspace.begin(words)
    while "plan" not in (said := pipeline.stdout.readline() if pipeline.stdout else ""):
        assert pipeline.poll() is None and "shipworthy" not in said, said
    (refused,) = workspace.at_once(train)
    assert refused.code == 1 and f"`shipworthy {' '.join(words)}`" in refused.err
    pipeline.kill()
    pipeline.communicate()  # until the command that it had started has ended, too
    (after,) = workspace.at_once(train)
    assert after.code == 0, after
    workspace.check(before, [Done(words, pipeline.pid, -signal.SIGKILL, "", ""), after])


def test_a_selection_and_a_training_do_not_mix(workspace: Workspace) -> None:
    before = workspace.made()
    training = recipe("train", ("model.rounds=35",))
    done = workspace.beside(training, "checkpoint.owner", workspace.named(("runs", "select", RUN), random.Random(SEED)))
    workspace.check(before, done)
    assert [one.code for one in done] == [0, 1], done
    assert workspace.made()["checkpoint"]["config"]["model"]["rounds"] == 35


@pytest.mark.parametrize("asked", [("runs",), ("cost",)], ids=" ".join)
def test_what_only_asks_goes_on_beside_a_training(workspace: Workspace, asked: Sequence[str]) -> None:
    before = workspace.made()
    done = workspace.beside(recipe("train", A), "checkpoint.owner", asked)
    workspace.check(before, done)
    assert [one.code for one in done] == [0, 0], done


def ended(words: Sequence[str], process: "subprocess.Popen[str]") -> Done:
    """How a command has ended, once it has."""
    out, err = process.communicate()
    return Done(words, process.pid, process.returncode, out, err)


def digest(dataset: dict[str, Any]) -> str:
    """Of a dataset, by its manifest."""
    return sha256_of_json({"kind": "dataset", "files": dataset["files"]})


def pairs(number: int, seed: int) -> Iterator[tuple[list[str], list[str], float, float | None]]:
    """Two commands, how far apart they begin, and when the first is killed (None: never).

    In every third pair both make the same kind of artifact.
    """
    draw = random.Random(seed)
    for _ in range(number):
        one, other = (
            list(draw.choice(ASIDE)) if draw.random() < 0.45 else recipe(draw.choice(STEPS), draw.choice(CONFIGS))
            for _ in range(2)
        )
        if draw.random() < 0.33:
            step = draw.choice(STEPS)
            one, other = (recipe(step, draw.choice(CONFIGS)) for _ in range(2))
        killed = draw.uniform(0.2, 4.0) if draw.random() < 0.2 else None
        yield one, other, draw.choice([0.0, 0.0, 0.3, 1.0]), killed


@pytest.mark.long
@pytest.mark.timeout(3000)
def test_a_walk_of_many_pairs(workspace: Workspace) -> None:
    draw = random.Random(SEED)
    for *words, apart, killed in pairs(PAIRS, SEED):
        before, named = workspace.made(), [workspace.named(one, draw) for one in words]
        done = workspace.at_once(*named, apart=apart, killed_after=killed)
        workspace.check(before, done)
