"""A drawn decoder is trained, goes on from a checkpoint and answers, like any language model."""

from collections.abc import Mapping
from pathlib import Path

import pytest
import torch

from shipworthy.core.groups import AdapterConfig
from shipworthy.core.sources.schema import Folder
from shipworthy.models.adapters.schema import Lora, NoAdapter
from shipworthy.models.build import FAMILIES
from shipworthy.models.decoder.schema import Decoder, DecoderShape
from shipworthy.models.decoder.weights import fetch
from shipworthy.train.records import NoRecords
from tests.tiny import write_tokenizer
from tests.train.lightning.runs import rows, run, weights


class Cut(Exception):
    """The run was cut off."""


class CutAt3(NoRecords):
    """Cuts the run when its third step is recorded."""

    def log(self, metrics: Mapping[str, float], step: int) -> None:
        if step == 3:
            raise Cut


@pytest.mark.parametrize("adapter", [NoAdapter(), Lora(rank=2)], ids=["none", "lora"])
def test_it_is_trained_resumed_and_asked(
    adapter: AdapterConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHIPWORTHY_CACHE", str(tmp_path / "cache"))
    write_tokenizer(tmp_path / "tokenizer")
    shape = DecoderShape(32, 64, 2, 4, 2, context=256, std=0.2)
    model = Decoder(name="mine", licence="none", source=Folder(path=str(tmp_path / "tokenizer")), shape=shape)
    fetch(model)
    done = run(model, tmp_path / "whole", adapter=adapter)
    with pytest.raises(Cut):
        run(model, tmp_path / "cut", records=CutAt3(), adapter=adapter)
    run(model, tmp_path / "cut", adapter=adapter)
    whole, cut = weights(tmp_path / "whole"), weights(tmp_path / "cut")
    assert all(torch.equal(tensor, cut[name]) for name, tensor in whole.items() if not name.startswith("random"))
    answers = FAMILIES.load(model).load(model, done).predict(rows(model, 2))
    assert len(answers) == 2
