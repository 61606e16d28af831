"""Each precision, adapter, rule and way to keep activations, on a GPU: the tiny model is trained, and learns."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from shipworthy.core.files import new_folder
from shipworthy.core.groups import AdapterConfig
from shipworthy.core.schema import SCHEMAS
from shipworthy.models.adapters.build import build
from shipworthy.models.adapters.network import trained_of
from shipworthy.models.adapters.schema import Lora, NoAdapter
from shipworthy.models.causal_lm.network import load_network
from shipworthy.models.causal_lm.packed import Row, pack
from shipworthy.models.precision import PRECISIONS, allow_tf32
from shipworthy.train.lightning.fit import fit
from shipworthy.train.lightning.gradients import gradients
from shipworthy.train.memory.step import StepMemory
from shipworthy.train.optimizers.build import build as build_optimizer
from shipworthy.train.optimizers.schema import AdamW, Rule
from shipworthy.train.records import NoRecords
from shipworthy.train.schema import KNOWN
from tests.tiny import write_model
from tests.train.lightning.runs import model_in, request, rows, run

pytestmark = pytest.mark.gpu
GPU = torch.device("cuda")
ADAPTERS = {
    "lora": Lora(rank=4),
    "dora": Lora(rank=4, dora=True),
    "dropout": Lora(rank=4, dropout=0.1),
    "none": NoAdapter(),
}
RULES = [rule for rule in SCHEMAS["optimizer"].values() if issubclass(rule, Rule)]
RATES = {"lamb": 0.03, "lion": 0.003, "sgd": 1.0, "adafactor": 0.1}
"""Where 0.01 is too much or too little for so few steps."""
EPOCH = 3
"""Steps: the means of two epochs are of the same rows."""
ROWS = [Row([1, 30, *[9 + i] * 200], [60, 2, 4, 5] * 10) for i in range(8)]


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHIPWORTHY_CACHE", str(tmp_path / "cache"))


def losses(folder: Path) -> list[float]:
    return [entry["loss"] for entry in json.loads((folder / "history.json").read_text())]


def learned(folder: Path) -> bool:
    found = losses(folder)
    return sum(found[-EPOCH:]) < sum(found[:EPOCH])


@pytest.mark.parametrize("adapter", ADAPTERS.values(), ids=ADAPTERS)
@pytest.mark.parametrize("precision", KNOWN["precision"])
def test_a_training_learns(precision: str, adapter: AdapterConfig, tmp_path: Path) -> None:
    model = model_in(tmp_path / "hub")
    # Weights of 1 in bf16 move by a 128th or not at all.
    lr = 0.01 if adapter.kind == "lora" else 0.03 if precision in ("bf16", "auto") else 0.002
    how = {"precision": precision, "steps": 12, "validate_every": 6, "lr": lr}
    assert learned(run(model, tmp_path / "run", table=rows(model, 14), adapter=adapter, **how))


@pytest.mark.parametrize("precision", ["tf32", "bf16", "bf16_mixed"])
def test_a_narrow_precision_begins_at_the_same_loss(precision: str, tmp_path: Path) -> None:
    model = model_in(tmp_path / "hub")
    narrow, wide = (losses(run(model, tmp_path / name, precision=name)) for name in (precision, "float32"))
    assert narrow[0] == pytest.approx(wide[0], abs=0.05)
    allow_tf32(PRECISIONS["float32"])


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.kind)
def test_every_rule_learns_on_a_gpu(rule: type[Rule], tmp_path: Path) -> None:
    model = model_in(tmp_path / "hub")
    asked = request(model, tmp_path / "run", rows(model, 14), steps=12, validate_every=6)
    with new_folder(tmp_path / "run" / "done") as target:
        fit(replace(asked, optimizer=rule(lr=RATES.get(rule.kind, 0.01))), NoRecords(), target)
    assert learned(tmp_path / "run" / "done")


@pytest.mark.parametrize("offload", [False, True])
@pytest.mark.parametrize("how", ["full", "selective"])
def test_activations_that_are_made_again_change_nothing(how: str, offload: bool, tmp_path: Path) -> None:
    model = model_in(tmp_path / "hub")
    again = run(model, tmp_path / "again", activation_checkpointing=how, offload_activations=offload)
    assert losses(again) == pytest.approx(losses(run(model, tmp_path / "kept")), abs=1e-4)


@pytest.mark.parametrize("adapter", ["lora", "none"])
@pytest.mark.parametrize("precision", ["float32", "bf16", "bf16_mixed"])
def test_the_memory_of_a_step_is_foretold(precision: str, adapter: str, tmp_path: Path) -> None:
    numbers = PRECISIONS[precision]
    base = load_network(write_model(tmp_path), dtype=numbers.weights)
    network = build(base, ADAPTERS[adapter], 1, numbers).train().to(GPU)
    own = network.get_base_model() if adapter == "lora" else network
    trained = trained_of(network)
    optimizer = build_optimizer(trained.items(), AdamW())
    batch = pack(ROWS).to(GPU)

    def step() -> None:
        _, found = gradients(own, [batch], list(trained.values()), len(batch.target_N), 1, numbers)
        for weight, gradient in zip(trained.values(), found, strict=True):
            weight.grad = gradient.to(weight.dtype)
        optimizer.step()
        optimizer.zero_grad()

    step()  # compiles, tries the kernels, makes the optimizer's states
    before = torch.cuda.memory_allocated()
    torch.cuda.reset_peak_memory_stats()
    step()
    taken = torch.cuda.max_memory_allocated() - before
    # An upper bound: that keys are gathered for each row is counted, for who plans does not know of the kernel.
    assert 0.9 * taken < StepMemory(network, AdamW(), numbers).parts(ROWS).step < 4 * taken
