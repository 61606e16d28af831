"""Weights in 4 bits: quantized while they are read, trained on after a validation, answered with as they were."""

from pathlib import Path

import pytest
import torch
from bitsandbytes.nn import Linear4bit

from shipworthy.core.errors import UsageError
from shipworthy.models.adapters import nf4
from shipworthy.models.adapters.build import build, quantizer
from shipworthy.models.adapters.network import base_of, save, trained_of
from shipworthy.models.adapters.schema import Lora, QLora
from shipworthy.models.causal_lm.fitness import fit_for_packs
from shipworthy.models.causal_lm.network import load_network
from shipworthy.models.causal_lm.packed import Row, token_losses
from shipworthy.models.causal_lm.padded import pad
from shipworthy.models.causal_lm.quantities import NetworkQuantities, on_meta
from shipworthy.models.precision import PRECISIONS
from shipworthy.train.monitor.replay import row_losses
from tests.models.causal_lm.families import FAMILIES, UNFIT, tiny

ROWS = [Row([1, 2, 3, 4, 5], [6, 7, 8]), Row([9, 10], [11, 12, 13, 14])]
CONFIG = QLora(rank=2, alpha=4)
CLASSES_OF_THEIR_OWN = {"falcon"}


@pytest.fixture(params=FAMILIES)
def family(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    tiny("llama").bfloat16().save_pretrained(tmp_path / "llama")
    return tmp_path / "llama"


def quantized(folder: Path, config: QLora = CONFIG, precision: str = "float32") -> torch.nn.Module:
    chosen = PRECISIONS[precision]
    network = load_network(folder, dtype=chosen.weights, quantizer=quantizer(config, chosen))
    return build(network, config, 1, chosen)


def stir(network: torch.nn.Module) -> None:
    """Updates that change something."""
    generator = torch.Generator().manual_seed(3)
    with torch.no_grad():
        for parameter in trained_of(network).values():
            parameter.copy_(0.1 * torch.randn(parameter.shape, generator=generator))


def test_what_answers_is_what_was_trained(family: str, tmp_path: Path) -> None:
    hub = tmp_path / "hub"
    tiny(family).save_pretrained(hub)
    if family in CLASSES_OF_THEIR_OWN:
        with pytest.raises(UsageError, match=r"^adapter=qlora: Falcon\w+ has no linear layers of torch's own class"):
            quantized(hub)
        return
    network = quantized(hub)
    stir(network)
    base = base_of(network)
    found = [name for name, module in base.named_modules() if isinstance(module, Linear4bit)]
    plain = load_network(hub)
    assert [name.replace(".base_layer", "") for name in found] == nf4.layers(plain) != []
    save(network, tmp_path, "tiny")
    answering = load_network(hub, tmp_path / "adapter")
    with torch.no_grad():
        trained_N, answered_N, exact_N = (token_losses(one, pad(ROWS)) for one in (base, answering, plain))
    torch.testing.assert_close(answered_N, trained_N, atol=1e-4, rtol=1e-4)
    assert (trained_N - exact_N).abs().max() > 1e-3, "4 bits, and updates, are seen"
    assert fit_for_packs(base).fit == (family not in UNFIT)


@pytest.mark.parametrize("double", [True, False])
@pytest.mark.parametrize("precision", ["float32", "bf16", "bf16_mixed"])
def test_it_is_kept_how_it_was_quantized(folder: Path, tmp_path: Path, precision: str, double: bool) -> None:
    config = QLora(rank=2, alpha=4, double_quantization=double)
    network = quantized(folder, config, precision)
    save(network, tmp_path, "tiny")
    assert nf4.read(tmp_path / "adapter") == nf4.NF4(double, PRECISIONS[precision].weights)
    answering = load_network(folder, tmp_path / "adapter")
    with torch.no_grad():
        wanted = [float(token_losses(answering, pad([row])).mean()) for row in ROWS]
    # What was quantized from 16 bits is brought back to them where it answers.
    limit = 2e-2 if precision == "bf16" else 1e-4
    assert row_losses(network, ROWS) == pytest.approx(wanted, abs=limit), "in 32 bits, whatever it is trained in"


def test_after_a_validation_gradients_still_come_from_below(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def gradients(network: torch.nn.Module) -> list[torch.Tensor]:
        stir(network)
        base = base_of(network.train())
        return list(torch.autograd.grad(token_losses(base, pad(ROWS)).sum(), list(trained_of(network).values())))

    expected = gradients(quantized(folder))
    network = quantized(folder)
    with torch.no_grad():
        token_losses(base_of(network.eval()), pad(ROWS))
    assert all(map(torch.equal, gradients(network), expected))


def test_without_weights_it_is_counted_as_with_them(folder: Path) -> None:
    real, shape, full = (
        NetworkQuantities(one)
        for one in (quantized(folder), on_meta(folder, CONFIG), on_meta(folder, Lora(rank=2, alpha=4)))
    )
    assert (real.parameters, real.weight_bytes) == (shape.parameters, shape.weight_bytes)
    assert real.parameters == full.parameters and real.flops([pad(ROWS).shape]) == full.flops([pad(ROWS).shape])
    layer = next(module for module in quantized(folder).modules() if isinstance(module, Linear4bit))
    state = layer.weight.quant_state
    kept = layer.weight.nbytes + state.absmax.nbytes + state.state2.absmax.nbytes
    assert nf4.size(layer.weight) == pytest.approx(kept, rel=0.01)
