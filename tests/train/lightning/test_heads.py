"""A network with a head trains, is cut and goes on bit for bit, and what is handed over answers as it did."""

from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest
import torch

from shipworthy.core.groups import AdapterConfig
from shipworthy.core.sources.schema import Folder
from shipworthy.evaluation.tasks.classification.schema import Classification
from shipworthy.evaluation.tasks.regression.schema import Regression
from shipworthy.models.adapters.schema import NoAdapter
from shipworthy.models.sequence_classifier.family import load
from shipworthy.models.sequence_classifier.schema import SequenceClassifier
from shipworthy.models.sequence_classifier.weights import fetch
from shipworthy.train.lightning.fit import check
from shipworthy.train.objectives.schema import Head
from tests.models.causal_lm.families import ENCODERS, UNFIT, WITH_HEADS, tiny
from tests.tiny import write_tokenizer
from tests.train.lightning.runs import ADAPTER, Cut, CutAt, request, run
from tests.train.lightning.test_adapters import same

CLASSES = Classification(name="t", description="d", baselines=["majority"])
NUMBERS = Regression(name="t", description="d", baselines=["mean"])
WORDS = ["red", "green and blue", "of all things", "three"]


@pytest.fixture(params=WITH_HEADS)
def family(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def model(family: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SequenceClassifier:
    """A model without a head, as the hub has it."""
    monkeypatch.setenv("SHIPWORTHY_CACHE", str(tmp_path / "cache"))
    folder = tmp_path / "hub"
    tokenizer = write_tokenizer(folder)
    settings = {"vocab_size": len(tokenizer), "initializer_range": 0.1, "pad_token_id": 0, "num_labels": 2}
    backbone = tiny(family, **settings).base_model
    backbone.config.num_labels = 2
    backbone.save_pretrained(folder)
    config = SequenceClassifier(
        name=family, licence="none", source=Folder(path=str(folder)), template="It says: {text}", max_length=24
    )
    fetch(config)
    return config


def rows(count: int = 14, *, numbers: bool = False) -> pl.DataFrame:
    answers = [str(100.5 + i % 4) if numbers else ("no", "yes", "never")[i % 3] for i in range(count)]
    texts = [f"{WORDS[i % 4]} number {i}{' and more' * (i % 5)}" for i in range(count)]
    return pl.DataFrame({"id": [f"row-{i}" for i in range(count)], "text": texts, "answer": answers})


@pytest.mark.parametrize("adapter", [ADAPTER, NoAdapter()], ids=["lora", "none"])
def test_ten_steps_a_cut_and_an_answer(
    family: str, model: SequenceClassifier, adapter: AdapterConfig, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    how = {"steps": 10, "validate_every": 5, "table": rows(), "objective": Head(), "task": CLASSES, "adapter": adapter}
    run(model, tmp_path / "whole", **how)
    assert ("side by side, not in packs" in capsys.readouterr().out) == (family in {*ENCODERS, *UNFIT})
    with pytest.raises(Cut):
        run(model, tmp_path / "cut", records=CutAt(7), **how)
    run(model, tmp_path / "cut", **how)
    assert same(tmp_path / "whole", tmp_path / "cut")
    answers = load(model, tmp_path / "whole" / "done").predict(rows()[-2:])
    kept = pl.read_parquet(tmp_path / "whole" / "done" / "validation.parquet")
    assert [one.text for one in answers] == kept["prediction"].to_list()
    assert all(sum((one.probabilities or {}).values()) == pytest.approx(1.0) for one in answers)


@pytest.mark.parametrize("family", ["bert", "llama"], indirect=True)
def test_numbers_are_learned_in_their_own_unit(model: SequenceClassifier, tmp_path: Path) -> None:
    table = rows(numbers=True)
    done = run(
        model, tmp_path / "run", steps=60, validate_every=60, table=table, objective=Head(), task=NUMBERS, lr=0.02
    )
    off = [
        abs((one.number or 0.0) - float(answer))
        for one, answer in zip(load(model, done).predict(table), table["answer"], strict=True)
    ]
    assert sum(off) / len(off) < 0.5


@pytest.mark.parametrize("family", ["bert", "modernbert", "llama"], indirect=True)
@pytest.mark.parametrize("numbers", [False, True], ids=["classes", "numbers"])
def test_the_checks_before_a_run_pass(
    model: SequenceClassifier, numbers: bool, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "run").mkdir()
    torch.manual_seed(0)
    task = NUMBERS if numbers else CLASSES
    asked = request(model, tmp_path / "run", rows(numbers=numbers), objective=Head(), task=task)
    check(replace(asked, adapter=NoAdapter()))
    said = capsys.readouterr().out
    assert "packed = unpacked" in said and "generation stops" not in said
