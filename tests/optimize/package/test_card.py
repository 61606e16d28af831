"""The model card says what the training made the model forget."""

from pathlib import Path

from tests.optimize.package.carded import card_of
from tests.track.report import pipelines


def test_what_was_lost_is_on_the_card_by_skill(tmp_path: Path) -> None:
    pipelines.text_pipeline(tmp_path)
    section = card_of(tmp_path).partition("## What it lost")[2].partition("\n## ")[0]
    assert "asked 96 general questions" in section and "trainer.replay.share=0.2" in section
    head, rule, *rows = [line for line in section.splitlines() if line.startswith("|")]
    assert [row.split(" | ")[0] for row in rows] == ["| all", "| arithmetic", "| reading"]
    assert {line.count("|") for line in (head, rule, *rows)} == {7}
    assert "| worse, -25.0 points [" in rows[1] and "worse" not in rows[2].split(" | ")[4].replace("not worse", "")


def test_a_model_that_was_asked_nothing_has_no_such_section(tmp_path: Path) -> None:
    pipelines.text_pipeline(tmp_path, asked=False)
    assert "## What it lost" not in card_of(tmp_path)
