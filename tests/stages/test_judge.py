"""The judge's stage: on a small pipeline with a played endpoint, and on to the report's verdict."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from shipworthy.architect.compute.schema import Machine
from shipworthy.core.artifact import read_artifact
from shipworthy.core.errors import ShipworthyError, UsageError
from shipworthy.core.files import sha256_of_file
from shipworthy.core.workspace import Workspace
from shipworthy.evaluation.judges import judgement
from shipworthy.evaluation.judges.schema import Asked, Local, NoJudge, OpenAI
from shipworthy.evaluation.tasks.text_to_text.schema import TextToText
from shipworthy.execution.current import Inputs, outdated
from shipworthy.models.nearest.schema import Nearest
from shipworthy.stages import baseline, evaluate, report
from shipworthy.stages import judge as stage
from tests.evaluation.judges.endpoints import between, first, longer, played, winner
from tests.models import samples
from tests.optimize.package.carded import TASK as PIPELINE
from tests.optimize.package.carded import card_of
from tests.stages import workspaces
from tests.track.report import pipelines

TASK = TextToText(
    name="t", description="d", baselines=["majority"], system="Name it.", prompt="{service}: {description}"
)


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for module in (stage, judgement):
        monkeypatch.setattr(module, "project_root", lambda: tmp_path)
    return tmp_path


@pytest.fixture
def evaluated(project: Path) -> Path:
    """A pipeline as far as evaluate: the nearest neighbour against the most frequent answer."""
    rows = samples.operations()
    splits = {"train": rows, "validation": rows, "test": rows}
    workspaces.write_plan(project, TASK)
    workspaces.write_dataset(project, splits)
    workspaces.write_checkpoint(project, Nearest(template="{description}"), splits)
    model = Nearest(template="{description}")
    baseline.run(task=TASK, model=model, seed=0, workspace=workspaces.workspace(project, "baseline"))
    evaluate.run(task=TASK, seed=0, workspace=workspaces.workspace(project, "evaluate"))
    return project


def run(root: Path, judge: Asked | NoJudge) -> dict[str, Any]:
    stage.run(task=TASK, judge=judge, seed=0, workspace=workspaces.workspace(root, "judge"))
    found: dict[str, Any] = read_artifact(root / "artifacts" / "judgement", "judgement").json("judgement.json")
    return found


def readers(root: Path) -> list[str]:
    ledger = (root / "runs" / "heldout_reads.jsonl").read_text(encoding="utf-8").splitlines()
    return [str(line) for line in ledger if '"reader": "judge"' in line]


def test_without_a_judge_nothing_is_asked_and_it_says_so(evaluated: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(evaluated, NoJudge()) == {"asked": False, "role": "none"}
    assert "judge: none (judge=openai asks one)" in capsys.readouterr().out
    assert not readers(evaluated)


def right(message: str) -> str:
    """Prefers the answer that is the right one."""
    said = {name: between(message, f"answer {name}") for name in "AB"}
    truth = between(message, "right answer")
    fit = [name for name, text in said.items() if text == truth]
    return winner(fit[0] if len(fit) == 1 else "tie")


def test_the_tuned_model_is_judged_against_the_best_baseline(
    evaluated: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    test = samples.operations()
    with played(right) as server:
        found = run(evaluated, OpenAI(url=server.url + "/", rows=0))
    assert found["asked"] and found["reference"] == "majority" and found["rows"] == test.height
    assert found["judge"] == {
        "kind": "openai",
        "url": server.url,
        "model": "judge",
        "temperature": 0.0,
        "max_tokens": 256,
    }
    said = {
        name: pl.read_parquet(evaluated / "artifacts" / "evaluation" / "predictions" / f"{name}.parquet")
        for name in ("tuned", "majority")
    }
    won = (said["tuned"]["correct"] & ~said["majority"]["correct"]).sum()
    assert found["pairwise"]["won"] == won > 0 and found["pairwise"]["lost"] == 0
    assert len(server.asked) == found["questions"] == 2 * (test.height - found["pairwise"]["same"])
    one = server.asked[0]["messages"][-1]["content"]
    assert between(one, "question").startswith("system: Name it.\n\nuser: ")
    assert len(readers(evaluated)) == 1 and "shown to a judge, judge, by pairwise.v1.md" in readers(evaluated)[0]
    table = pl.read_parquet(evaluated / "artifacts" / "judgement" / "answers.parquet")
    assert table.height == found["questions"] and set(table["id"]) <= set(test["id"])
    again = run(evaluated, OpenAI(url=server.url, rows=0))  # the server is gone
    assert again["cached"] == again["questions"] and again["pairwise"] == found["pairwise"]
    assert f"{again['questions']} of {again['questions']} answers from the cache" in capsys.readouterr().out


def test_of_more_rows_the_first_are_kept_and_without_the_right_answer_nothing_is_opened(evaluated: Path) -> None:
    with played(longer) as server:
        few = run(evaluated, OpenAI(url=server.url, rows=2, reference=False))
        more = run(evaluated, OpenAI(url=server.url, rows=4, reference=False))
    assert more["cached"] == few["questions"] and not more["shown_the_right_answer"]
    assert "right answer begins" not in server.asked[0]["messages"][-1]["content"]
    assert not readers(evaluated)


def test_files_of_the_project_are_inputs_and_a_change_of_theirs_makes_it_stale(evaluated: Path) -> None:
    test = samples.operations()
    (evaluated / "labels.csv").write_text(f"id,winner\n{test['id'][0]},tuned\n")
    (evaluated / "mine.md").write_text(
        "mode: pairwise\nversion: mine\n---\nYou compare.\n---\n{fence}{reference}\n{fence} answer A begins\n{a}\n"
        "{fence} answer A ends\n{fence} answer B begins\n{b}\n{fence} answer B ends\n{question}\n"
    )
    with played(longer) as server:
        found = run(evaluated, OpenAI(url=server.url, rows=0, labels="labels.csv", prompt="mine.md"))
        assert (found["pairwise"]["prompt"]["name"], found["pairwise"]["prompt"]["version"]) == ("mine.md", "mine")
        assert server.asked[0]["messages"][0]["content"] == "You compare."
    made = read_artifact(evaluated / "artifacts" / "judgement", "judgement")
    assert made.manifest.inputs["labels.csv"] == sha256_of_file(evaluated / "labels.csv")
    workspace = workspaces.workspace(evaluated, "judge")
    assert outdated(workspace, "judgement", Inputs(workspace.root, evaluated)) == ""
    (evaluated / "mine.md").write_text("otherwise")
    assert outdated(workspace, "judgement", Inputs(workspace.root, evaluated)) == "mine.md changed"


@pytest.mark.parametrize(
    ("judge", "said"),
    [
        (OpenAI(api_key_variable="NO_SUCH_KEY"), "The environment variable NO_SUCH_KEY, which judge.api_key_variable"),
        (OpenAI(labels="labels.csv"), "judge.labels=labels.csv: there is no file"),
        (OpenAI(prompt="mine.md"), "judge.prompt=mine.md can't be read"),
        (
            OpenAI(prompt="rubric.md"),
            "judge.prompt=rubric.md has the mode rubric, which judge.modes=['pairwise'] lacks",
        ),
        (Local(gguf="weights/judge.gguf"), "judge.gguf=weights/judge.gguf: there is no file"),
        (OpenAI(most_requests=1), "and judge.most_requests=1 allows fewer"),
    ],
)
def test_what_is_missing_is_told_before_anything_is_asked(judge: Asked, said: str, evaluated: Path) -> None:
    (evaluated / "rubric.md").write_bytes((Path(judgement.prompt.FOLDER) / "rubric.v1.md").read_bytes())
    with pytest.raises(UsageError) as refused:
        run(evaluated, judge)
    assert said in str(refused.value) and not (evaluated / "artifacts" / "judgement").exists()


def test_an_endpoint_that_is_not_there_is_one_sentence(evaluated: Path) -> None:
    with pytest.raises(ShipworthyError, match="can't be reached"):
        run(evaluated, OpenAI(url="http://127.0.0.1:9/v1", retries=0))


def test_a_key_comes_from_the_environment_and_stands_nowhere(evaluated: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JUDGE_KEY", "not-to-be-written-1234\n")
    with played(longer) as server:
        run(evaluated, OpenAI(url=server.url, rows=2, api_key_variable="JUDGE_KEY"))
    assert server.headers[0]["Authorization"] == "Bearer not-to-be-written-1234"
    monkeypatch.setenv("JUDGE_KEY", "not-to-be-written\n1234")
    with pytest.raises(
        UsageError, match="variable JUDGE_KEY, which .* holds no key: it must be of one line"
    ) as refused:
        run(evaluated, OpenAI(rows=2, api_key_variable="JUDGE_KEY"))
    assert "not-to-be-written" not in str(refused.value)
    for path in evaluated.rglob("*"):
        assert not path.is_file() or b"not-to-be-written" not in path.read_bytes(), path


def named(message: str) -> str:
    """Prefers what is a name."""
    wrong = [name for name in "AB" if between(message, f"answer {name}") == "Get<Thing>"]
    return winner({"A": "B", "B": "A"}[wrong[0]] if len(wrong) == 1 else "tie")


def reported(root: Path, role: str, rule: Callable[[str], str], rate: float = 0.44, upto: str = "package") -> str:
    """The summary of a whole pipeline with a judge; the page is beside it."""
    pipelines.text_pipeline(root, rate=rate, upto=upto)
    criteria = {**pipelines.CRITERIA, "judge": role}
    plan = read_artifact(root / "plan", "plan")
    files = {"plan.json": plan.json("plan.json"), "fits.json": {"fits": True}, "criteria.json": criteria}
    pipelines.write(root, "plan", files)
    with played(rule) as server:
        judge = OpenAI(url=server.url, rows=300, reference=False)
        stage.run(task=PIPELINE, judge=judge, seed=1, workspace=Workspace(root, "judge", {}, 17))
    report.run(task=PIPELINE, compute=Machine(price_per_hour=0.1), workspace=Workspace(root, "report", {}, 17))
    return read_artifact(root / "report", "report").file("summary.txt").read_text(encoding="utf-8")


def test_a_judge_without_a_say_is_reported_and_decides_nothing(project: Path) -> None:
    summary = reported(project / "a", "none", first)
    assert summary.splitlines()[-1].startswith("VERDICT: SHIP") and "7 of 7 criteria met" in summary
    assert "judge judge, pairwise: no difference shown against verb_object" in summary
    assert "The judge was not compared with people" in summary
    page = (project / "a" / "report" / "report.html").read_text(encoding="utf-8")
    assert "<h2>What does the judge say?</h2>" in page and "It decides nothing" in page
    assert "prompt pairwise.v1.md, version 1" in page and "in place of the metric" not in page


def test_a_judge_may_have_a_say_beside_the_metric(project: Path) -> None:
    summary = reported(project / "a", "also", named)
    assert summary.splitlines()[-1].startswith("VERDICT: SHIP") and "8 of 8 criteria met" in summary
    page = (project / "a" / "report" / "report.html").read_text(encoding="utf-8")
    assert "The judge finds it better than verb_object</td>" in page
    assert "Better than the best baseline, verb_object" in page
    summary = reported(project / "b", "also", first)
    assert "7 of 8 criteria met" in summary and summary.splitlines()[-1].startswith("VERDICT: DON'T SHIP")
    assert "not met: The judge finds it better than verb_object: no difference shown" in summary


def test_a_judge_may_decide_in_place_of_the_metric(project: Path) -> None:
    """The metric says that the model is no better, and the judge that it is."""
    alone = reported(project / "a", "alone", longer, rate=0.27)
    assert "Better than the best baseline" not in alone
    judged = read_artifact(project / "a" / "judgement", "judgement").json("judgement.json")
    page = (project / "a" / "report" / "report.html").read_text(encoding="utf-8")
    assert "in place of the metric</td>" in page and "It decides in place of the metric" in page
    assert "Better than the best baseline" not in page
    assert judged["verdict"]["passed"] is ("7 of 7 criteria met" in alone)
    assert "7 of 7 criteria met" in reported(project / "b", "alone", named)


def test_what_was_not_judged_is_not_met(project: Path) -> None:
    root = project / "a"
    reported(root, "also", named)
    stage.run(task=PIPELINE, judge=NoJudge(), seed=1, workspace=Workspace(root, "judge", {}, 17))
    report.run(task=PIPELINE, compute=Machine(price_per_hour=0.1), workspace=Workspace(root, "report", {}, 17))
    summary = (root / "report" / "summary.txt").read_text(encoding="utf-8")
    assert "not met: The judge finds it better than verb_object: not measured" in summary


def test_the_model_card_says_what_the_judge_says_and_what_it_decides(project: Path) -> None:
    reported(project / "a", "alone", named)
    text = card_of(project / "a")
    assert (
        "A language model as judge, judge (prompt pairwise.v1.md), on 300 rows; by the plan it decides in place" in text
    )
    assert (
        "- pairwise: better against verb_object: won" in text and "\n- Met: against verb_object the judge says" in text
    )
    assert "- The judge was not compared with people" in text and "The verdict on the task by the metric: " in text
    stage.run(task=PIPELINE, judge=NoJudge(), seed=1, workspace=Workspace(project / "a", "judge", {}, 17))
    assert "judge" not in card_of(project / "a")
