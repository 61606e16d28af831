"""From baseline to bench: where texts are divided, every figure counts documents, by the vote of their chunks."""

from pathlib import Path
from typing import Any

import polars as pl
import pytest

from shipworthy.core.artifact import read_artifact
from shipworthy.evaluation.tasks.text_to_text.schema import TextToText
from shipworthy.models import documents
from shipworthy.models.build import load
from shipworthy.models.dataset import split
from shipworthy.models.nearest.schema import Nearest
from shipworthy.optimize.engines.in_process.schema import InProcess
from shipworthy.optimize.package.build import Contents, Subject
from shipworthy.optimize.package.questions import questions
from shipworthy.optimize.quantize.none.schema import Unchanged
from shipworthy.stages import baseline, bench, compress, evaluate
from shipworthy.track.report import rows as report
from shipworthy.train.validation_answers import Answers
from tests.models import samples
from tests.stages import workspaces

TRAIN = samples.operations().with_columns(chunk_of="id")
QUEUE, ALIAS, KEYS = "Deletes the specified queue.", "Creates an alias for a function.", "Returns a list of keys."
TASK = TextToText(name="t", description="d", baselines=["majority", "nearest"], prompt="{service}: {description}")
TEXTS = {
    # Two of three chunks are right, then none of four is, then the first of two that differ; the last are alone.
    "a": ("DeleteQueue", [ALIAS, QUEUE, QUEUE]),
    "b": ("CreateAlias", [KEYS, KEYS, QUEUE, QUEUE]),
    "c": ("ListKeys", [KEYS, ALIAS]),
    "d": ("CreateAlias", [ALIAS]),
    "e": ("CreateAlias", [QUEUE]),
}
VOTED = ["DeleteQueue", "ListKeys", "ListKeys", "CreateAlias", "DeleteQueue"]
RIGHT = [True, False, True, True, False]


def evaluated() -> pl.DataFrame:
    """The rows of a split, sorted by id."""
    made = [
        {
            "id": document if len(texts) == 1 else documents.chunk_id(document, number),
            "cluster": number,
            "service": "Cloud",
            "description": text,
            "answer": answer,
            "chunk_of": document,
        }
        for document, (answer, texts) in TEXTS.items()
        for number, text in enumerate(texts, 1)
    ]
    return pl.DataFrame(made)


@pytest.fixture(scope="module")
def road(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("road")
    model = Nearest(template="{description}")
    splits = {"train": TRAIN, "validation": evaluated(), "test": evaluated()}
    workspaces.write_plan(root, TASK)
    workspaces.write_dataset(root, splits)
    workspaces.write_checkpoint(root, model, splits)
    for stage, more in (
        (baseline, {"model": model, "seed": 0}),
        (evaluate, {"seed": 0}),
        (compress, {"quant": Unchanged(sample=4), "seed": 0}),
    ):
        name = stage.__name__.rpartition(".")[2]
        stage.run(task=TASK, workspace=workspaces.workspace(root, name), **more)  # type: ignore[attr-defined]
    workspace = workspaces.workspace(root, "bench")
    bench.run(task=TASK, engine=InProcess(requests=7, batch_rows=9), workspace=workspace)
    return root / "artifacts"


def read(road: Path, kind: str) -> Any:
    return read_artifact(road / kind, kind).json(f"{kind}.json")


def test_metrics_and_tests_count_documents(road: Path) -> None:
    found = read(road, "evaluation")
    assert found["n"] == 5
    tuned = next(one for one in found["candidates"] if one["name"] == "tuned")
    assert tuned["metrics"]["exact_match"]["value"] == pytest.approx(3 / 5)
    assert {one["name"]: one["wins"] + one["losses"] for one in found["against_each_baseline"]}["nearest"] == 0
    for path in ("evaluation/predictions/tuned.parquet", "compressed/predictions/unchanged.parquet"):
        rows = pl.read_parquet(road / path)
        assert rows["id"].to_list() == list("abcde")
        assert rows["prediction"].to_list() == VOTED and rows["correct"].to_list() == RIGHT
    [majority, nearest] = read(road, "baseline")["baselines"]
    assert nearest["validation"]["exact_match"]["value"] == pytest.approx(3 / 5)
    assert majority["validation"]["exact_match"]["value"] == pytest.approx(3 / 5), "CreateAlias, of five documents"


def test_variants_are_compared_and_served_by_documents(road: Path) -> None:
    found = read(road, "compressed")
    [variant] = found["variants"]
    assert found["n"] == 5 and variant["noninferiority"] is None, "it is the model itself"
    sample = pl.read_parquet(road / "compressed" / "predictions" / "unchanged.validation.parquet")
    assert sample.height == 4 and set(sample["id"]) < set("abcde")
    assert read(road, "bench")["answers"] == {"rows": 9, "equal": 9}
    assert read(road, "bench")["batch"]["rows"] == 9


def test_the_report_names_the_documents(road: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    known = {"features": [], "rows": {"train": 12}, "statistics": {"chunked": {"train": {"of": 5}}}}
    monkeypatch.setattr(report, "info", lambda _: type("Known", (), known))
    monkeypatch.setattr(report, "table", lambda *_: pl.DataFrame({"reason": []}))
    assert report.data(read_artifact(road / "dataset", "dataset"))["documents"] == {"train": 5}


def test_the_report_shows_wrong_documents(road: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    artifacts = [read_artifact(road / kind, kind) for kind in ("dataset", "evaluation")]
    monkeypatch.setattr(report, "info", lambda _: type("Known", (), {"features": ["description"]}))
    found = report.errors(*artifacts, "exact_match", "tuned", "nearest")
    assert (found["wrong"], found["n"]) == (2, 5)
    assert {row["id"]: row["question"] for row in found["rows"]} == {"b": KEYS, "e": QUEUE}


def test_answers_of_a_training_are_those_of_documents(road: Path, tmp_path: Path) -> None:
    validation = split(read_artifact(road / "dataset", "dataset"), "validation")
    answers = Answers.of(TASK, validation, load(road / "checkpoint").predict(validation.drop("answer")))
    assert answers.metric == pytest.approx(3 / 5)
    answers.write(tmp_path / "validation.parquet")
    assert pl.read_parquet(tmp_path / "validation.parquet")["correct"].to_list() == RIGHT


def test_a_package_is_asked_whole_texts_and_divided_ones_first(road: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    artifacts = {kind: read_artifact(road / kind, kind) for kind in ("dataset", "checkpoint", "compressed")}
    whole = pl.DataFrame({"id": list(TEXTS), "description": [" ".join(texts) for _, texts in TEXTS.values()]})
    monkeypatch.setattr("shipworthy.optimize.package.questions.raw_validation", lambda _: whole)
    subject = Subject(TASK, InProcess(), artifacts, {"name": "unchanged"})
    asked = questions(subject, Contents(["description"], "", None, [], [], [], []))
    sample = set(pl.read_parquet(road / "compressed" / "predictions" / "unchanged.validation.parquet")["id"])
    voted = dict(zip(TEXTS, zip(VOTED, RIGHT, strict=True), strict=True))
    assert len(asked) == 3
    for one in asked:
        assert one["id"] in sample and (one["expected"], one["right"]) == voted[one["id"]]
        assert one["row"] == {"description": " ".join(TEXTS[one["id"]][1])}
    order = [(not voted[name][1], len(TEXTS[name][1]) == 1) for name in (one["id"] for one in asked)]
    assert order == sorted(order)
