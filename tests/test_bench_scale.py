"""The scale benchmark's rows: real sentences, always the same, none twice; and one small size of it, measured."""

import importlib.machinery
import importlib.util
import itertools
import json
import zipfile
from pathlib import Path
from types import ModuleType

import polars as pl
import pytest

from tests.conftest import ROOT

NOUNS = ["bucket", "table", "queue", "topic", "stream", "index", "cluster", "volume", "image", "role", "key", "alarm"]


@pytest.fixture
def scale(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The script as a module, with a small wheel in data/."""
    loader = importlib.machinery.SourceFileLoader("scale", str(ROOT / "scripts" / "bench" / "scale"))
    spec = importlib.util.spec_from_loader("scale", loader)
    assert spec
    module = importlib.util.module_from_spec(spec)
    loader.exec_module(module)
    for folder in ("data", "runs"):
        (tmp_path / folder).mkdir()
    operations = {
        f"{verb}{noun.title()}": {"documentation": f"<p>{verb}s the {noun} of {i} accounts in region {noun}{i}.</p>"}
        for i, noun in enumerate(NOUNS)
        for verb in ("Create", "Delete", "List")
    }
    service = {"metadata": {"serviceId": "Made"}, "operations": operations}
    with zipfile.ZipFile(tmp_path / "data" / "botocore-1.0-py3-none-any.whl", "w") as wheel:
        wheel.writestr("botocore/data/made/2020-01-01/service-2.json", json.dumps(service))
    monkeypatch.setattr(module, "ROOT", tmp_path)
    return module


@pytest.mark.parametrize("of", ["dense", "long"])
def test_rows_are_the_same_each_time_and_none_comes_twice(scale: ModuleType, of: str) -> None:
    made = pl.concat(scale.varied(of, 500))
    assert made.height == made["text"].n_unique() == 500
    assert made.equals(pl.concat(scale.varied(of, 500)))
    assert set(made["verb"]) == {"Create", "Delete", "List"}
    words = made["text"].str.count_matches(" ").sum() / 500
    assert (words > 100) == (of == "long")


def test_texts_are_made_of_words_that_follow_one_another(scale: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    made = pl.concat(scale.varied("text", 400))
    monkeypatch.setattr(scale, "BATCH", 70)
    assert made.equals(pl.concat(scale.varied("text", 400)))
    real = scale.sentences()["text"].str.split(" ").to_list()
    pairs = {pair for words in real for pair in itertools.pairwise(words)}
    pairs |= {(words[-1], other[0]) for words in real for other in real}  # a short text begins another sentence
    for number, text in enumerate(made["text"]):
        words = text.split(" ")
        copied = number % scale.COPIES == scale.COPIES - 1
        assert copied == (words[-1] == "too") == (text == f"{made['text'][number - 1]} too")
        assert set(itertools.pairwise(words)) - {(words[-2], "too")} <= pairs
    assert set(made["verb"]) == {"Create", "Delete", "List"}


def test_conversations_answer_with_the_verb(scale: ModuleType) -> None:
    (frame,) = scale.varied("conversations", 100)
    first = frame["messages"][0].to_list()
    assert [one["role"] for one in first] == ["user", "assistant"]
    assert first[1]["content"] in {f"It is called {verb}." for verb in ("Create", "Delete", "List")}
    assert first[0]["content"].startswith(first[1]["content"].split(" ")[-1].rstrip("."))


def test_a_size_is_measured(scale: ModuleType) -> None:
    found = scale.measured("text", 400, 1)
    assert found["rows"] == 400
    assert found["peak_mb"] > 100
    assert found["core_seconds"] > 0
