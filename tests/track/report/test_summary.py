"""The table, and the verdict it ends with."""

from collections.abc import Callable
from pathlib import Path

import pytest

from shipworthy.core.artifact import Artifact, read_artifact
from shipworthy.track import quantities
from shipworthy.track.report.candidates import candidates, chosen
from shipworthy.track.report.summary import WIDTH, summary
from shipworthy.track.report.verdict import judge
from tests.track.report import pipelines


def read(root: Path) -> dict[str, Artifact]:
    return {path.name: read_artifact(path, path.name) for path in sorted(root.iterdir())}


def told(root: Path) -> list[str]:
    artifacts = read(root)
    found = candidates(artifacts)
    return summary(artifacts, found, judge(artifacts, found), "evaluate once").splitlines()


def test_a_pipeline_that_ships(tmp_path: Path) -> None:
    pipelines.text_pipeline(tmp_path)
    lines = told(tmp_path)
    assert all(len(line) <= WIDTH for line in lines)
    for name in ("majority", "nearest", "verb_object", "few_shot", "tuned", "q8_0", "q4_k_m"):
        assert sum(line.startswith(name) for line in lines) == 1
    assert any("44.0% [41.2, 46.8]" in line and "against verb_object: better, p < 0.0001" in line for line in lines)
    assert any(line.startswith("general skills: lost. The training made the model worse") for line in lines)
    assert lines[-1] == "VERDICT: SHIP: q4_k_m, exact match 43.7% [40.9, 46.5], 7 of 7 criteria met"


def test_a_table_that_ships(tmp_path: Path) -> None:
    pipelines.table_pipeline(tmp_path)
    assert told(tmp_path)[-1].startswith("VERDICT: SHIP: unchanged, accuracy 87.3%")


@pytest.mark.parametrize(
    ("name", "shipped", "asked"),
    [
        ("brier", "unchanged, Brier score 0.161 [", "by 0.01 or more, p < 0.01, paired"),
        ("mae", "unchanged, mean absolute error 803 [", "by 1% of the baseline's or more, p < 0.01, paired"),
    ],
)
def test_less_is_better(tmp_path: Path, name: str, shipped: str, asked: str) -> None:
    pipelines.table_pipeline(tmp_path, name=name)
    artifacts = read(tmp_path)
    better, lost = judge(artifacts, candidates(artifacts)).checks[:2]
    assert better.holds and better.found.startswith("-") and better.wanted == asked
    assert lost.holds and lost.found.startswith("equal (within ")
    assert told(tmp_path)[-1].startswith(f"VERDICT: SHIP: {shipped}")


def test_what_is_odd_is_said_before_the_verdict(tmp_path: Path) -> None:
    pipelines.table_pipeline(tmp_path, remarks=["accuracy 100.0% is too good " + "and so on " * 20])
    lines = told(tmp_path)
    assert lines[-4].startswith("look at this: accuracy 100.0% is too good") and lines[-1].startswith("VERDICT")
    assert all(len(line) <= WIDTH for line in lines)


@pytest.mark.parametrize(
    ("pipeline", "missed"),
    [
        (lambda root: pipelines.text_pipeline(root, rate=0.27), ["Better than the best baseline"]),
        (lambda root: pipelines.text_pipeline(root, p95_s=2.1), ["Fast enough"]),
        (
            lambda root: pipelines.text_pipeline(root, upto="evaluation"),
            ["Compression lost less", "Fast enough", "Small enough", "Fits the server", "The package works"],
        ),
    ],
)
def test_every_missed_criterion_is_named(tmp_path: Path, pipeline: Callable[[Path], None], missed: list[str]) -> None:
    pipeline(tmp_path)
    lines = told(tmp_path)
    named = [line.removeprefix("not met: ") for line in lines if line.startswith("not met: ")]
    assert len(named) == len(missed)
    assert all(line.startswith(words) for line, words in zip(named, missed, strict=True))
    assert lines[-1].startswith("VERDICT: DON'T SHIP: ")


def test_what_would_be_shipped_without_compression_is_the_tuned_model(tmp_path: Path) -> None:
    pipelines.text_pipeline(tmp_path, upto="evaluation")
    assert chosen(candidates(read(tmp_path))).name == "tuned"


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        (quantities.seconds(0.0000012), "<1 ms"),
        (quantities.seconds(0.0013), "1.3 ms"),
        (quantities.seconds(0.31), "0.31 s"),
        (quantities.seconds(803), "13 min"),
        (quantities.seconds(3 * 3600), "3.0 h"),
        (quantities.megabytes(104.6), "105 MB"),
        (quantities.megabytes(2400), "2.40 GB"),
        (quantities.count(134_515_008), "134.5 million"),
        (quantities.count(16_435), "16,435"),
        (quantities.money(0.0123, "USD"), "0.012 USD"),
        (quantities.times(2), "twice"),
        (quantities.typeset("-0.2 points, p < 0.01"), "−0.2 points, p\N{NO-BREAK SPACE}<\N{NO-BREAK SPACE}0.01"),
        (quantities.typeset("q4-0 and gpt-2"), "q4-0 and gpt-2"),
    ],
)
def test_words(text: str, wanted: str) -> None:
    assert text == wanted
