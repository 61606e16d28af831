"""Training in 16 bits: the loss of 32 within rounding, cut and gone on with bit for bit, weights kept as promised."""

import json
from dataclasses import replace
from itertools import pairwise
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
from shipworthy.train.lightning.loss_scale import LossScale
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
@pytest.mark.parametrize("name", ["bf16", "bf16_mixed", "fp16_mixed"])
def test_it_learns_as_in_32_bits_and_goes_on_bit_for_bit(
    model: CausalLM, tmp_path: Path, name: str, adapter: AdapterConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    if name == "fp16_mixed":  # from so low a scale no step is left out
        monkeypatch.setitem(PRECISIONS, name, replace(PRECISIONS[name], scale=2.0**8))
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


@pytest.mark.parametrize("name", ["bf16", "bf16_mixed", "fp16_mixed"])
def test_the_checks_before_a_run_pass(model: CausalLM, tmp_path: Path, name: str) -> None:
    (tmp_path / "run").mkdir()
    asked = request(model, tmp_path / "run", rows(model), precision=name)
    with pytest.raises(ShipworthyError, match="generation stops"):  # three tokens are too few for an answer
        check(asked)
    said = json.loads((tmp_path / "run" / "preflight.json").read_text())
    assert [one["name"] for one in said if one["passed"] is False] == ["generation stops"]


def test_a_gradient_that_float16_does_not_hold_costs_a_step_and_halves_the_scale(
    model: CausalLM, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    far = replace(PRECISIONS["fp16_mixed"], scale=2.0**21)
    monkeypatch.setitem(PRECISIONS, "fp16_mixed", far)
    how: dict[str, Any] = {"precision": "fp16_mixed", "steps": 12, "validate_every": 4, "lr": 0.003}
    run(model, tmp_path / "whole", **how)
    entries = history(tmp_path / "whole")
    scales = [entry["loss_scale"] for entry in entries]
    overflows = sum("overflow" in entry for entry in entries)
    assert 0 < overflows < 12 and scales[0] == 2.0**21 and scales[-1] < 2.0**21
    for entry, following in pairwise(entries):
        assert ("overflow" in entry) == ("skipped" in entry) == (following["loss_scale"] == entry["loss_scale"] / 2)
    said = json.loads((tmp_path / "whole" / "done" / "training.json").read_text())
    assert said["skipped_steps"] == overflows and not said["events"]
    with pytest.raises(Cut):
        run(model, tmp_path / "cut", records=CutAt(overflows + 1), **how)
    run(model, tmp_path / "cut", **how)
    assert same(tmp_path / "whole", tmp_path / "cut")
    assert [entry["loss_scale"] for entry in history(tmp_path / "cut")] == scales


def test_the_scale_grows_after_many_good_steps_and_does_not_hide_a_loss_that_is_none() -> None:
    scale = LossScale(2.0, moves=True, steps=1998)
    scale.update(overflow=False)
    assert (scale.value, scale.steps) == (2.0, 1999)
    scale.update(overflow=False)
    assert (scale.value, scale.steps) == (4.0, 0)
    assert scale.is_too_large(1.0, float("inf")) and scale.is_too_large(1.0, float("nan"))
    assert not scale.is_too_large(float("nan"), float("nan")) and not scale.is_too_large(1.0, 3.0)
    assert not LossScale(1.0, moves=True).is_too_large(1.0, float("inf")), "no smaller one will help"
    assert not LossScale(1.0, moves=False).is_too_large(1.0, float("inf"))


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
