"""`shipworthy runs` as a user calls it."""

import json
import re
from pathlib import Path

import pytest

from shipworthy.core.artifact import read_artifact
from shipworthy.core.errors import UsageError
from shipworthy.stages import runs
from tests.conftest import Shipworthy, one_sentence
from tests.track.runs import project


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("project")
    project.project(folder, 25, steps=40)
    project.run(folder / "runs", "best", correct=[True] * 99 + [False], lr=1.5e-3, began=project.FIRST + 1e6)
    return folder


def said(capsys: pytest.CaptureFixture[str], made: Path, *words: str) -> str:
    runs.run([*words, f"workspace={made}/artifacts"])
    return capsys.readouterr().out


def rows(text: str) -> list[str]:
    return text.split("\n\n", maxsplit=1)[0].splitlines()[1:]


def test_all_runs_the_newest_first_in_120_columns(made: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = said(capsys, made)
    assert len(rows(text)) == 26 and max(map(len, text.splitlines())) <= 120
    assert "\n26 runs: " in text


def test_conditions_order_columns_and_number(made: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = said(capsys, made, "status=finished", "sort=-metric", "columns=id,metric,optimizer.lr", "last=5")
    assert "5 of 26 runs: 5 finished" in text
    many, few = text.split("\n\n")[:2]
    assert many.startswith("exact_match on 200 rows:\nid ") and few.startswith("exact_match on 100 rows:\nid ")
    values = [float(row.split()[1]) for row in many.splitlines()[2:]]
    assert len(values) == 4 and values == sorted(values, reverse=True)
    assert few.splitlines()[2].split()[1] == "0.990" and few.splitlines()[2].split()[-1] == "0.0015"
    assert "Each is ranked among its own" in text
    assert len(rows(said(capsys, made, "metric>0.98"))) == 1
    assert said(capsys, made, "metric>2").startswith("\n0 of 26 runs")


def test_an_empty_project_says_what_makes_a_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "a training makes one" in said(capsys, tmp_path)


def test_a_damaged_run_does_not_hide_the_others(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    project.run(tmp_path / "runs", "good")
    bad = project.run(tmp_path / "runs", "bad")
    (bad / "record.json").write_text("{")
    text = said(capsys, tmp_path)
    assert len(rows(text)) == 1 and f"damaged: {bad}: record.json cannot be read" in text


def test_a_note_is_written_and_shown(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = project.run(tmp_path / "runs", "a", notes={"hypothesis": "It works."})
    said(capsys, tmp_path, "note", folder.name[:9], "lesson=It does not; a=b.", "result=0.1")
    text = said(capsys, tmp_path, "show", folder.name)
    for part in ("It works.", "It does not; a=b.", "exact_match", "plateau", str(folder), "record.json", "node-1"):
        assert part in text
    assert "It does not; a=b." in said(capsys, tmp_path, "note~does not")


def test_what_the_tracker_has_not_got_is_shown(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = project.run(tmp_path / "runs", "a")
    assert "not sent yet" not in said(capsys, tmp_path, "show", folder.name)
    (folder / "tracker").mkdir()
    (folder / "tracker" / "notes.jsonl").write_text("x" * 2000)
    (folder / "tracker" / "sent").write_text("500")
    assert "1.5 kB not sent yet" in said(capsys, tmp_path, "show", folder.name)


def test_select_publishes_and_is_shown(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = project.run(tmp_path / "runs", "a")
    text = said(capsys, tmp_path, "select", folder.name, "alias=first", "note=The only one.")
    assert "The only one." in text
    assert read_artifact(tmp_path / "artifacts" / "checkpoint", "checkpoint").manifest.run_id == folder.name
    assert "[first]" in said(capsys, tmp_path)


def test_the_dashboard_goes_where_it_is_asked_to(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    project.run(tmp_path / "runs", "a")
    assert (tmp_path / "runs" / "dashboard.html").exists() is False
    assert str(tmp_path / "runs" / "dashboard.html") in said(capsys, tmp_path, "dashboard")
    said(capsys, tmp_path, "dashboard", str(tmp_path / "elsewhere"))
    assert (tmp_path / "elsewhere" / "dashboard.html").is_file() and (tmp_path / "runs" / "dashboard.html").is_file()


def test_nothing_waits_to_be_sent(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    project.run(tmp_path / "runs", "a")
    assert said(capsys, tmp_path, "sync") == "0 notes of 0 runs sent\n"


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["nots"], "did you mean note"),
        (["lr"], "there is no `runs lr`"),
        (["optimizer.lrr=1"], "did you mean optimizer.lr"),
        (["sort=-metrik"], "did you mean metric"),
        (["columns=id,optimiser.lr"], "did you mean optimizer.lr"),
        (["last=many"], "is no number"),
        (["metric>0.1", "note"], "it is shipworthy runs note"),
        (["metric>0.1", ">0.1"], "is no condition"),
        (["show"], "it is shipworthy runs show RUN"),
        (["show", "zzz"], "there is no run 'zzz'"),
        (["note", "zzz"], "it is shipworthy runs note"),
        (["select", "zzz", "alais=x"], "alais= is unknown: did you mean alias=?"),
    ],
)
def test_wrong_asking_is_one_sentence(made: Path, words: list[str], sentence: str) -> None:
    with pytest.raises(UsageError, match=re.escape(sentence)):
        runs.run([*words, f"workspace={made}/artifacts"])


def test_the_command_line_lists_without_anything_heavy(made: Path, shipworthy: Shipworthy) -> None:
    done = shipworthy("runs", f"workspace={made}/artifacts", "last=1", PYTHONPROFILEIMPORTTIME="1")
    assert done.returncode == 0 and len(rows(done.stdout)) == 1
    loaded = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}
    assert "shipworthy.track.runs.registry" in loaded
    heavy = {"numpy", "polars", "torch", "mlflow", "wandb", "matplotlib", "statsmodels", "scipy", "jinja2", "hydra"}
    assert not loaded & heavy
    wrong = shipworthy("runs", f"workspace={made}/artifacts", "show", "nothing")
    assert wrong.returncode == 2 and "there is no run 'nothing'" in one_sentence(wrong)


def test_what_it_writes_is_json_that_others_read(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = project.run(tmp_path / "runs", "a")
    said(capsys, tmp_path, "select", folder.name)
    (line,) = (tmp_path / "runs" / "selections.jsonl").read_text().splitlines()
    assert json.loads(line)["run_id"] == folder.name
