"""What is written for a GPU, on one: `pytest tests/gpu`."""

import json
from pathlib import Path

import pytest
import torch

from shipworthy.models.adapters.build import build
from shipworthy.models.adapters.schema import Lora
from shipworthy.models.causal_lm.flops import matrix_product_rate
from shipworthy.models.causal_lm.network import load_network
from shipworthy.models.causal_lm.packed import Row, pack, token_losses
from shipworthy.train.lightning.gradients import gradients
from tests.tiny import write_model
from tests.train.lightning.runs import model_in, run

pytestmark = pytest.mark.gpu
ROWS = [Row([5] * 20 + [40 + i], [60 + i, 2]) for i in range(6)]


def test_packs_cost_on_a_gpu_what_they_cost_on_a_processor(tmp_path: Path) -> None:
    network = build(load_network(write_model(tmp_path)), Lora(rank=2, alpha=4), seed=1).train()
    trained = [p for p in network.parameters() if p.requires_grad]
    here, here_gradients = gradients(network.get_base_model(), [pack(ROWS)], trained, 12)
    network.cuda()
    moved = pack(ROWS).pin_memory().to(torch.device("cuda"))
    there, there_gradients = gradients(network.get_base_model(), [moved], trained, 12)
    assert there == pytest.approx(here, abs=1e-4)
    for one, other in zip(here_gradients, there_gradients, strict=True):
        torch.testing.assert_close(one, other.cpu(), atol=1e-4, rtol=1e-3)
    assert token_losses(network.get_base_model(), pack(ROWS).to(torch.device("cuda"))).is_cuda


def test_a_run_ends_and_reports_its_gpu(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHIPWORTHY_CACHE", str(tmp_path / "cache"))
    done = run(model_in(tmp_path / "hub"), tmp_path / "run")
    entry = json.loads((done / "history.json").read_text())[-1]
    assert entry["gpu_memory_mb"] > 0
    assert 0 <= entry["gpu_utilisation"] <= 1


def test_a_matrix_product_is_timed() -> None:
    assert matrix_product_rate(torch.device("cuda")) > 1e11
