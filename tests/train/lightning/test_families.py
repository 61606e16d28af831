"""A network of every family trains, is cut and goes on bit for bit, and what is handed over answers as it did."""

from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest
import torch

from shipworthy.core.sources.schema import Folder
from shipworthy.models.adapters.schema import NoAdapter
from shipworthy.models.causal_lm.chat import Chat
from shipworthy.models.causal_lm.family import load
from shipworthy.models.causal_lm.schema import CausalLM
from shipworthy.models.causal_lm.weights import fetch
from shipworthy.train.lightning.fit import check
from tests.models.causal_lm.families import FAMILIES, UNFIT, tiny
from tests.tiny import write_tokenizer
from tests.train.lightning.runs import Cut, CutAt, request, rows, run
from tests.train.lightning.test_adapters import same


@pytest.fixture(params=FAMILIES)
def family(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def model(family: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> CausalLM:
    monkeypatch.setenv("SHIPWORTHY_CACHE", str(tmp_path / "cache"))
    folder = tmp_path / "hub"
    tokenizer = write_tokenizer(folder)
    tiny(family, vocab_size=len(tokenizer), initializer_range=0.1).save_pretrained(folder)
    config = CausalLM(name=family, licence="none", source=Folder(path=str(folder)))
    fetch(config)
    return config


def test_ten_steps_a_cut_and_an_answer(
    family: str, model: CausalLM, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    how = {"steps": 10, "validate_every": 5, "table": rows(model, 14)}
    run(model, tmp_path / "whole", **how)
    assert ("side by side, not in packs" in capsys.readouterr().out) == (family in UNFIT)
    with pytest.raises(Cut):
        run(model, tmp_path / "cut", records=CutAt(7), **how)
    run(model, tmp_path / "cut", **how)
    assert same(tmp_path / "whole", tmp_path / "cut")
    answers = load(model, tmp_path / "whole" / "done").predict(how["table"][-2:])
    kept = pl.read_parquet(tmp_path / "whole" / "done" / "validation.parquet")
    assert [one.text for one in answers] == kept["prediction"].to_list()


def test_the_checks_before_a_run_pass_or_say_what_it_lacks(model: CausalLM, tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    asked = request(model, tmp_path / "run", rows(model), adapter=NoAdapter())
    torch.manual_seed(0)
    check(replace(asked, task=replace(asked.task, max_new_tokens=12)))
    assert Chat(Path(model.source.path)).eos_id == 2
