"""Training in 16 bits: the loss of 32 within rounding, cut and gone on with bit for bit, weights kept as promised."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch

from shipworthy.core.errors import ShipworthyError, UsageError
from shipworthy.core.groups import AdapterConfig
from shipworthy.models import precision
from shipworthy.models.adapters.schema import Lora, NoAdapter
from shipworthy.models.causal_lm.schema import CausalLM
from shipworthy.models.precision import PRECISIONS, choose
from shipworthy.train import schema
from shipworthy.train.lightning.fit import check
from tests.train.lightning.runs import Cut, CutAt, model_in, request, rows, run, weights
from tests.train.lightning.test_adapters import same

CPU = torch.device("cpu")


@pytest.fixture(autouse=True)
def _instructions(monkeypatch: pytest.MonkeyPatch) -> None:
    """Any processor computes in bf16, if slowly."""
    monkeypatch.setattr(precision, "has_bf16", lambda _: (True, "the test says so"))


@pytest.fixture
def model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> CausalLM:
    monkeypatch.setenv("SHIPWORTHY_CACHE", str(tmp_path / "cache"))
    return model_in(tmp_path / "hub")


def history(folder: Path) -> list[dict[str, Any]]:
    return json.loads((folder / "done" / "history.json").read_text())


@pytest.mark.parametrize("adapter", [Lora(rank=2, alpha=4), Lora(rank=2, alpha=4, dropout=0.1), NoAdapter()])
@pytest.mark.parametrize("name", ["bf16", "bf16_mixed"])
def test_it_learns_as_in_32_bits_and_goes_on_bit_for_bit(
    model: CausalLM, tmp_path: Path, name: str, adapter: AdapterConfig
) -> None:
    how: dict[str, Any] = {"adapter": adapter, "lr": 0.003}
    run(model, tmp_path / "32", **how)
    run(model, tmp_path / "whole", precision=name, **how)
    for one, other in zip(history(tmp_path / "32"), history(tmp_path / "whole"), strict=True):
        assert other["loss"] == pytest.approx(one["loss"], rel=0.05)
    first, other = (history(tmp_path / name)[0] for name in ("32", "whole"))
    assert other["grad_norm"] == pytest.approx(first["grad_norm"], rel=0.05)
    with pytest.raises(Cut):
        run(model, tmp_path / "cut", precision=name, records=CutAt(4), **how)
    run(model, tmp_path / "cut", precision=name, **how)
    assert same(tmp_path / "whole", tmp_path / "cut")
    kept = {t.dtype for n, t in weights(tmp_path / "whole").items() if n.startswith("weight.")}
    in_16 = name == "bf16" and isinstance(adapter, NoAdapter)
    assert kept == {torch.bfloat16 if in_16 else torch.float32}, "an adapter's weights stay in 32 bits"


@pytest.mark.parametrize("name", ["bf16", "bf16_mixed"])
def test_the_checks_before_a_run_pass(model: CausalLM, tmp_path: Path, name: str) -> None:
    (tmp_path / "run").mkdir()
    asked = request(model, tmp_path / "run", rows(model), precision=name)
    with pytest.raises(ShipworthyError, match="generation stops"):  # three tokens are too few for an answer
        check(asked)
    said = json.loads((tmp_path / "run" / "preflight.json").read_text())
    assert [one["name"] for one in said if one["passed"] is False] == ["generation stops"]


def test_what_a_run_chose_it_keeps(model: CausalLM, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(Cut):
        run(model, tmp_path / "run", precision="auto", records=CutAt(3))
    monkeypatch.setattr(precision, "has_bf16", lambda _: (False, "another machine"))
    with pytest.raises(UsageError, match=r"trainer\.precision=bf16: another machine"):
        run(model, tmp_path / "run", precision="auto")
    monkeypatch.setattr(precision, "has_bf16", lambda _: (True, "the first one"))
    run(model, tmp_path / "run", precision="auto")
    assert json.loads((tmp_path / "run" / "done" / "training.json").read_text())["precision"] == "bf16"


def test_a_machine_that_cannot_is_refused_in_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {"avx2": True})
    for name in ("bf16", "bf16_mixed"):
        with pytest.raises(UsageError, match=r"this processor has no instructions for bf16: take trainer\.precision"):
            choose(name, CPU)
    with pytest.raises(UsageError, match="tf32 is of NVIDIA's GPUs"):
        choose("tf32", CPU)
    assert choose("auto", CPU) == (PRECISIONS["float32"], "this processor has no instructions for bf16")
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {"avx512_bf16": True})
    assert choose("auto", CPU) == (PRECISIONS["bf16"], "this processor has AVX-512 BF16")


def test_the_schema_names_what_there_is() -> None:
    assert {*schema.KNOWN["precision"]} == {"auto", *PRECISIONS}
    with pytest.raises(UsageError, match="must be one of auto, float32"):
        schema.LightningTrainer(precision="bf17")
