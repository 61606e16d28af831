"""`shipworthy compare` as a user calls it."""

import json
from pathlib import Path

import pytest

from shipworthy.core.errors import UsageError
from shipworthy.evaluation.paired import Shares
from shipworthy.stages import compare
from tests.track.runs import project

GOOD, POOR = [True] * 80 + [False] * 20, [False] * 45 + [True] * 55


@pytest.fixture
def ids(tmp_path: Path) -> list[str]:
    notes = {"lesson": "</script><b>Half the rate is enough.</b>"}
    return [
        project.run(tmp_path / "runs", "a", correct=POOR).name,
        project.run(tmp_path / "runs", "b", correct=GOOD, lr=5e-4, notes=notes).name,
        project.run(tmp_path / "runs", "c", status="pruned", dataset=project.OTHER_DATASET).name,
    ]


def said(capsys: pytest.CaptureFixture[str], folder: Path, *words: str) -> str:
    compare.run([*words, f"workspace={folder}/artifacts"])
    return capsys.readouterr().out


def test_two_runs_side_by_side(tmp_path: Path, ids: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    text = said(capsys, tmp_path, ids[0], ids[1][:10])
    wins, losses = (
        sum(one and not other for one, other in zip(*pair, strict=True)) for pair in ((GOOD, POOR), (POOR, GOOD))
    )
    expected, line = Shares(100, wins, losses), " ".join(text.split())
    assert f"{100 * expected.value:+.1f} points [" in line and "by the exact McNemar test at alpha" in line
    assert f"{ids[1][:8]} against {ids[0][:8]}, on 100 rows ({wins} won, {losses} lost): better," in line
    assert "optimizer.lr" in text and "0.0005" in text and "not measured" in text and "▁" in text
    assert max(len(one) for one in text.splitlines() if str(tmp_path) not in one) <= 120
    assert (tmp_path / "runs" / "compare.html").is_file()


def test_other_data_is_said_before_anything_else(
    tmp_path: Path, ids: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    lines = said(capsys, tmp_path, *ids).splitlines()
    assert lines[1:3] == ["data", "  ! Other data: their metrics cannot be compared."]
    assert any(f"no paired test, for {ids[2]} has no result" in line for line in lines)
    other = project.run(tmp_path / "runs", "d", dataset=project.OTHER_DATASET, correct=GOOD).name
    text = " ".join(said(capsys, tmp_path, ids[0], other).split())
    assert "no paired test, for they were validated on other data" in text
    conclusion = text.split(" conclusion ")[1]
    assert "They cannot be ranked together" in conclusion and "on the other's dataset" in conclusion


def test_the_page_holds_curves_and_no_markup_of_users(
    tmp_path: Path, ids: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    page = tmp_path / "pages" / "two.html"
    assert str(page) in said(capsys, tmp_path, *ids, f"html={page}")
    text = page.read_text(encoding="utf-8")
    assert "<b>Half" not in text and "&lt;b&gt;Half" in text and text.count("<script") == 3
    data = json.loads(text.split('id="data">')[1].split("</script>")[0])
    assert [one["id"] for one in data] == ids
    assert all(one["curves"]["loss"]["values"] for one in data)
    assert 'class="remark alarm"' in text


@pytest.mark.parametrize("words", [[], ["x"], ["x", "y", "htm=z"]])
def test_wrong_asking_is_one_sentence(tmp_path: Path, words: list[str]) -> None:
    with pytest.raises(UsageError, match=r"it is shipworthy compare|htm= is unknown: did you mean html=\?"):
        compare.run([*words, f"workspace={tmp_path}/artifacts"])


def test_a_run_is_not_compared_with_itself(tmp_path: Path, ids: list[str]) -> None:
    with pytest.raises(UsageError, match="named twice"):
        compare.run([ids[0], ids[0][:9], f"workspace={tmp_path}/artifacts"])
