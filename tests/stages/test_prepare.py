"""The prepare stage on small real files: a botocore-like wheel with a tiny language model, and a table."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from shipworthy.config import as_dict
from shipworthy.core.artifact import Artifact, read_artifact
from shipworthy.core.errors import ShipworthyError, UsageError
from shipworthy.core.project import project_root
from shipworthy.core.workspace import Workspace
from shipworthy.data.schema import Operations, Split, Table
from shipworthy.evaluation.tasks.schema import Classification, TextToText
from shipworthy.models.causal_lm.schema import CausalLM
from shipworthy.models.causal_lm.weights import fetch
from shipworthy.models.dataset import info
from shipworthy.models.tfidf.schema import Tfidf
from shipworthy.models.xgboost.schema import XGBoost
from shipworthy.stages import prepare
from tests.data.test_sources import botocore
from tests.tiny import write_model

NOUNS = ["bucket", "table", "queue", "topic", "stream", "index", "cluster", "volume", "image", "role", "key", "alarm"]
VERBS = {"Deletes": "Delete", "Creates": "Create", "Lists": "List", "Starts": "Start"}
TALK = TextToText(name="t", description="d", baselines=["majority"], max_length=160, prompt="{service}: {description}")
CLASSES = Classification(name="t", description="d", baselines=["majority"], positive="yes")


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    (tmp_path / "conf").mkdir()
    (tmp_path / "conf" / "config.yaml").touch()
    (tmp_path / "data").mkdir()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SHIPWORTHY_CACHE", str(tmp_path / "cache"))
    project_root.cache_clear()
    yield tmp_path
    project_root.cache_clear()


@pytest.fixture
def talk(project: Path) -> dict[str, Any]:
    """The groups of a road with a text task; the raw file has 48 sound operations and some faults."""
    operations = {
        f"{verb}{noun.title()}": f"<p>{says} a {noun}; {noun}{verb} has {verb}{i} for {i}{verb}.</p>"
        for i, noun in enumerate(NOUNS)
        for says, verb in VERBS.items()
    }
    botocore(project / "data" / "w.whl", s3=operations, ec2={"Nothing": "", "GetLong": f"Gets {'very ' * 30} long."})
    model = CausalLM(name="tiny", licence="none", hub=str(write_model(project / "hub")))
    fetch(model)
    return {
        "task": TALK,
        "data": Operations(
            name="n", licence="l", file="w.whl", min_words=3, split=Split(test=8, validation=4, apart=["answer"])
        ),
        "model": model,
    }


def run(project: Path, groups: dict[str, Any], seed: int = 5) -> Artifact:
    config = {name: as_dict(group) for name, group in groups.items()}
    workspace = Workspace(root=project / "artifacts", command="prepare", config=config, seed=seed)
    prepare.run(**groups, seed=seed, workspace=workspace)
    return read_artifact(project / "artifacts" / "dataset", "dataset")


def test_text_becomes_the_tokens_that_are_trained_on(project: Path, talk: dict[str, Any]) -> None:
    dataset = run(project, talk)
    known = info(dataset)
    rejected = pl.read_parquet(dataset.file("rejected.parquet"))
    assert known.rows == {"train": 36, "validation": 4, "test": 8}
    assert dict(rejected["reason"].value_counts().iter_rows()) == {"empty": 1, "too long": 1}
    assert "to train on" in rejected.filter(reason="too long")["detail"][0]

    train, test = (pl.read_parquet(dataset.file(f"{name}.parquet")) for name in ("train", "test"))
    assert test.columns == ["id", "service", "description", "cluster", "prompt_ids"]
    hidden = pl.read_parquet(dataset.file("test_answers.parquet"))
    assert hidden["id"].to_list() == test["id"].to_list()
    assert not set(hidden["answer"]) & set(train["answer"])
    assert all(ids[-1] == known.eos_id for ids in train["answer_ids"])
    assert known.statistics["tokens"]["train"]["trained on"] == train["answer_ids"].list.len().sum()
    assert "answer" not in known.statistics["tokens"]["test"]

    page = dataset.file("data.html").read_text(encoding="utf-8")
    assert page.count('<div class="tokens">') == 10
    # Byte by byte: the tiny tokenizer has no merges. The answer's first letter is trained on, the prompt's is not.
    assert '<span class="trained">&lt;|im_end|&gt;</span></div>' in page
    assert "<span>&lt;|im_start|&gt;</span>" in page


def test_a_family_that_reads_words_gets_the_same_split_without_tokens(project: Path, talk: dict[str, Any]) -> None:
    spoken = run(project, talk)
    ids = [pl.read_parquet(spoken.file(f"{name}.parquet"))["id"].to_list() for name in ("validation", "test")]
    dataset = run(project, talk | {"model": Tfidf(template=TALK.prompt)})
    known = info(dataset)
    assert (known.problem, known.template_sha256, known.eos_id) == ("text_to_text", "", None)
    assert [pl.read_parquet(dataset.file(f"{name}.parquet"))["id"].to_list() for name in ("validation", "test")] == ids
    test = pl.read_parquet(dataset.file("test.parquet"))
    assert test.columns == ["id", "service", "description", "cluster"]
    with pytest.raises(UsageError, match="'servce', which is none of the columns"):
        run(project, talk | {"model": Tfidf(template="{servce}"), "task": replace(TALK, prompt="{servce}")})


def test_the_same_seed_gives_the_same_dataset(project: Path, talk: dict[str, Any]) -> None:
    first = run(project, talk).manifest.files
    assert run(project, talk).manifest.files == first
    assert run(project, talk, seed=6).manifest.files != first


def test_truncation_that_would_eat_the_answer_is_a_rejection(project: Path, talk: dict[str, Any]) -> None:
    with pytest.raises(ShipworthyError, match="No row of train is left: 1 empty, 49 too long"):
        run(project, talk | {"task": replace(TALK, max_length=20)})
    assert not (project / "artifacts" / "dataset").exists()


@pytest.mark.parametrize(
    ("part", "sentence"),
    [
        ({"model": XGBoost()}, "model 'xgboost' reads no text"),
        (
            {"task": TextToText(name="t", description="d", baselines=["majority"], prompt="{servce}")},
            "'servce', which is none of the columns",
        ),
    ],
)
def test_parts_that_do_not_fit_are_refused(
    project: Path, talk: dict[str, Any], part: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(UsageError, match=sentence):
        run(project, talk | part)


def test_a_table_becomes_classes(project: Path) -> None:
    rows = {"age": list(range(60)), "job": ["a", "?", "b"] * 20, "pay": ["yes", "no"] * 30}
    frame = pl.DataFrame(rows)
    pl.concat([frame, frame[:5]]).write_csv(project / "data" / "t.csv")
    data = Table(name="n", licence="l", file="t.csv", label="pay", missing=["?"], split=Split(test=0.2, stratify=True))
    dataset = run(project, {"task": CLASSES, "data": data, "model": XGBoost()})
    known = info(dataset)
    assert (known.problem, known.classes, known.categorical) == ("classification", ["no", "yes"], ["job"])
    assert known.rows == {"train": 42, "validation": 6, "test": 12}
    assert known.eos_id is None
    test = pl.read_parquet(dataset.file("test.parquet"))
    assert test.columns == ["id", "age", "job", "cluster"]
    assert test["job"].null_count() > 0
    assert dataset.manifest.inputs.keys() == {"data/t.csv"}
    rejected = pl.read_parquet(dataset.file("rejected.parquet"))
    assert rejected.height == 5
    assert json.loads(rejected["row"][0])["age"] == 0
    assert "<h2>Classes</h2>" in dataset.file("data.html").read_text(encoding="utf-8")
