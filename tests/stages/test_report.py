"""The report stage: a page that stands alone, and the table."""

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from shipworthy.architect.compute.schema import Machine
from shipworthy.core.artifact import Artifact, read_artifact
from shipworthy.core.errors import ArtifactError
from shipworthy.core.workspace import Workspace
from shipworthy.evaluation.tasks.classification.schema import Classification
from shipworthy.evaluation.tasks.text_to_text.schema import TextToText
from shipworthy.stages import report
from tests.track.report import pipelines

TALK = TextToText(name="operation_naming", description="Names <it>.", baselines=["majority"], prompt="{x}")
CLASSES = Classification(name="adult", description="Tells it.", baselines=["majority"])


class Page(HTMLParser):
    """Collects tags, ids and what is said; fails on tags that do not close."""

    VOID = frozenset({"meta", "br", "use", "path", "rect", "link"})

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []
        self.outside: list[str] = []
        self.headings: list[str] = []
        self.feed(text)
        assert not self.open

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        if tag not in self.VOID:
            self.open.append(tag)
        for name, value in attributes:
            if name == "id":
                self.ids.append(value or "")
            if name in ("src", "href", "xlink:href", "action") and not (value or "").startswith("#"):
                self.outside.append(value or "")

    def handle_startendtag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attributes)
        if tag not in self.VOID:
            self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        if tag not in self.VOID:
            assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] == "h2":
            self.headings.append(data)


def run(root: Path, task: TextToText | Classification = TALK) -> Artifact:
    report.run(task=task, compute=Machine(price_per_hour=0.1), workspace=Workspace(root, "report", {}, 17))
    return read_artifact(root / "report", "report")


def test_the_page_stands_alone_and_names_everything(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pipelines.text_pipeline(tmp_path)
    made = run(tmp_path)
    text = made.file("report.html").read_text(encoding="utf-8")
    page = Page(text)
    assert "http" not in text and "//" not in re.sub(r"service-\d/[^<]*", "", text)
    assert page.outside == ["data.html"]
    assert made.file("data.html").read_text(encoding="utf-8") == "<h1>The data</h1>"
    assert len(page.ids) == len(set(page.ids)) > 20
    assert text.count("<svg") == 3
    for name in ("majority", "nearest", "verb_object", "few_shot", "tuned", "q8_0", "q4_k_m"):
        assert f"<td>{name}</td>" in text
    assert "Names &lt;it&gt;." in text and "Get&lt;Thing&gt;" in text and "Get<Thing>" not in text
    assert '<p class="verdict ship">SHIP</p>' in text
    assert set(made.manifest.inputs) == {*report.READS, *report.LATER}
    # What the demo shows last is the table, and its last line the verdict.
    assert capsys.readouterr().out.endswith(made.file("summary.txt").read_text())
    assert made.file("summary.txt").read_text().splitlines()[-1].startswith("VERDICT: SHIP")


def test_what_was_forgotten_is_on_the_page_with_what_to_do(tmp_path: Path) -> None:
    pipelines.text_pipeline(tmp_path)
    text = run(tmp_path).file("report.html").read_text(encoding="utf-8")
    section = text.partition("What did the training make it forget?")[2].partition("</section>")[0]
    assert "in arithmetic" in section and "trainer.replay.share=0.2" in section and "Holm over 2 skills" in section
    rows = [row for row in section.split("<tr>") if "<td" in row]
    assert [row.partition("</td>")[0].removeprefix("<td>") for row in rows] == ["all", "arithmetic", "reading"]
    assert [f"<td>{words}" in row for row in rows for words in ["worse"]] == [True, True, False]


def test_what_the_pipeline_lacks_the_page_lacks(tmp_path: Path) -> None:
    pipelines.table_pipeline(tmp_path)
    text = run(tmp_path, CLASSES).file("report.html").read_text(encoding="utf-8")
    page = Page(text)
    assert page.headings == [
        "How good is it?",
        "How fast is it, served?",
        "Plan and fact",
        "The pipeline",
        "What it learned from",
        "Errors worth reading",
        "Can it be made again?",
    ]
    assert "None" not in text and "tokens/s" not in text and "trainable parameters" not in text


def test_what_is_too_good_and_what_it_leans_on_stand_on_the_page(tmp_path: Path) -> None:
    lost = {"column": "delay<1>", "value": 0.4312, "low": 0.41, "high": 0.45, "level": 0.95}
    pipelines.table_pipeline(tmp_path, remarks=["accuracy 100.0% of tuned is too good"], importance=[lost])
    text = run(tmp_path, CLASSES).file("report.html").read_text(encoding="utf-8")
    assert "<b>Look at this:</b> accuracy 100.0% of tuned is too good." in text
    assert "What does it lean on?" in Page(text).headings
    assert "delay&lt;1&gt;" in text and "+43.1" in text


def test_a_threshold_stands_on_the_page_with_what_it_was_chosen_on(tmp_path: Path) -> None:
    decision = {"positive": "<rare>", "negative": "b", "threshold": 0.23456}
    pipelines.table_pipeline(tmp_path, decision={"decision": decision, "value": 0.713, "most_likely": 0.6})
    text = run(tmp_path, CLASSES).file("report.html").read_text(encoding="utf-8")
    assert "&lt;rare&gt;</span> from a probability of 0.2346 on" in text
    assert "accuracy is 71.3% by it and 60.0% by the likelier class: a little too good" in text


def test_of_a_metric_whose_less_is_better_the_page_says_so(tmp_path: Path) -> None:
    lost = {"column": "delay", "value": 0.0123, "low": 0.011, "high": 0.0136, "level": 0.95}
    pipelines.table_pipeline(tmp_path, name="brier", importance=[lost], importance_by="brier")
    text = run(tmp_path, CLASSES).file("report.html").read_text(encoding="utf-8")
    assert "Brier score (less is better) 0.1" in text and "Brier score gets worse by" in text
    assert "+0.012 [+0.011, +0.014]" in text and "points" not in text
    assert "The model is wrong on" in text  # rows are right or wrong by the usual metric


def test_where_no_row_is_right_or_wrong_the_worst_are_shown(tmp_path: Path) -> None:
    pipelines.table_pipeline(tmp_path, name="mae")
    text = run(tmp_path, CLASSES).file("report.html").read_text(encoding="utf-8")
    errors = text[text.index("Errors worth reading") : text.index("Can it be made again?")]
    assert "The 10 of 600 test rows where the model's mean absolute error is worst" in errors and "✗" not in errors
    worst = [float(one.replace(",", "")) for one in re.findall(r"Get&lt;Thing&gt; \(([\d,]+)\)</td><td", errors)]
    assert len(worst) == 10 and worst == sorted(worst, reverse=True) and worst[-1] > 4000


def test_a_pipeline_without_its_end_is_reported_and_not_shipped(tmp_path: Path) -> None:
    pipelines.text_pipeline(tmp_path, upto="evaluation")
    made = run(tmp_path)
    text = made.file("report.html").read_text(encoding="utf-8")
    assert '<p class="verdict dont">DON&#39;T SHIP</p>' in text
    assert text.count("not measured") == 4
    assert "bench" not in made.manifest.inputs


def test_errors_come_with_the_answer_where_the_baseline_knew_it(tmp_path: Path) -> None:
    pipelines.text_pipeline(tmp_path)
    text = run(tmp_path).file("report.html").read_text(encoding="utf-8")
    errors = text[text.index("Errors worth reading") : text.index("Can it be made again?")]
    assert errors.count("<tr>") == 11
    assert errors.count('class="yes">✓') == 5


def test_the_same_pipeline_gives_the_same_page(tmp_path: Path) -> None:
    pipelines.text_pipeline(tmp_path)
    first = run(tmp_path).file("report.html").read_text(encoding="utf-8")
    assert run(tmp_path).file("report.html").read_text(encoding="utf-8") == first


def test_general_benchmarks_stand_on_the_page_where_they_were_asked_for(tmp_path: Path) -> None:
    pipelines.text_pipeline(tmp_path)
    heading = "What did the training cost in general?"
    made = run(tmp_path)
    assert heading not in made.file("report.html").read_text(encoding="utf-8")
    assert "general benchmarks" not in made.file("summary.txt").read_text(encoding="utf-8")
    pipelines.benchmarks(tmp_path, {"arc": 60, "piqa": 0})
    made = run(tmp_path)
    text, told = (made.file(name).read_text(encoding="utf-8") for name in ("report.html", "summary.txt"))
    assert heading in Page(text).headings and "(Holm over 2 scores), and 2 points may be lost" in text
    row = re.search(r"<tr><td class=\"mono\">arc</td>.*?</tr>", text)
    assert row and "60.0% [" in row[0] and "54.0% [" in row[0] and row[0].endswith("<td>worse</td></tr>")
    assert "&lt;corpus&gt;" in text and "no test: it is computed of all documents together" in text
    assert "general benchmarks against the base model, 2 tested: 1 worse, 1 equal" in told
    assert "  arc acc: -6.0 points [" in told and "VERDICT: SHIP" in told, "it is shown, and decides nothing"


def test_a_pipeline_that_was_not_evaluated_is_refused(tmp_path: Path) -> None:
    pipelines.text_pipeline(tmp_path, upto="evaluation")
    (tmp_path / "evaluation" / "manifest.json").unlink()
    with pytest.raises(ArtifactError, match="evaluation"):
        run(tmp_path)
    assert not (tmp_path / "report").exists()
