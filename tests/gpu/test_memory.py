"""A GPU's memory that really runs out is explained, and the change that is named really fits."""

import re
from pathlib import Path

import pytest
import torch
from transformers import LlamaConfig, LlamaForCausalLM

from shipworthy.models.adapters.build import build
from shipworthy.models.adapters.schema import Lora
from shipworthy.models.causal_lm.network import load_network
from shipworthy.models.causal_lm.packed import Row, pack
from shipworthy.train.lightning.gradients import gradients
from shipworthy.train.memory.batch import find_micro_batch
from shipworthy.train.memory.explain import explain, is_out_of_memory
from shipworthy.train.memory.headroom import headroom
from shipworthy.train.memory.step import StepMemory
from shipworthy.train.optimizers.schema import AdamW

pytestmark = pytest.mark.gpu
GPU = torch.device("cuda")
LEFT_MB = 3000
ROWS = [Row([5, 6, *[7 + i % 90] * 1500], [60 + i % 30] * 20) for i in range(32)]


class Crowded:
    """A network on a GPU of which others have taken all but a part."""

    def __init__(self, folder: Path) -> None:
        torch.manual_seed(0)
        shape = LlamaConfig(
            vocab_size=512,
            hidden_size=512,
            intermediate_size=1536,
            num_hidden_layers=6,
            num_attention_heads=8,
            num_key_value_heads=4,
            max_position_embeddings=2048,
        )
        LlamaForCausalLM(shape).save_pretrained(folder)
        self.network = build(load_network(folder), Lora(rank=4, alpha=8), seed=1).train().cuda()
        self.trained = [p for p in self.network.parameters() if p.requires_grad]
        torch.cuda.empty_cache()
        self.others = torch.empty(int((headroom(GPU).free_mb - LEFT_MB) * 1e6), dtype=torch.uint8, device=GPU)

    def step(self, rows: list[Row]) -> float:
        return gradients(self.network.get_base_model(), [pack(rows).to(GPU)], self.trained, 20 * len(rows))[0]


@pytest.fixture
def crowded(tmp_path: Path) -> Crowded:
    return Crowded(tmp_path / "wide")


def test_it_is_caught_and_the_change_that_is_named_fits(crowded: Crowded) -> None:
    caught: BaseException | None = None
    try:
        crowded.step(ROWS)
    except RuntimeError as error:
        caught = error.with_traceback(None)
    assert caught is not None and is_out_of_memory(caught)
    said = explain(StepMemory(crowded.network, AdamW()), ROWS)
    assert torch.cuda.get_device_name(GPU) in said
    named = re.search(r"trainer\.micro_batch_size=(\d+)", said)
    assert named is not None, said
    assert crowded.step(ROWS[: int(named[1])]) > 0


def test_the_micro_batch_is_found_that_just_fits(crowded: Crowded) -> None:
    found = find_micro_batch(lambda size: crowded.step(ROWS[:size]), len(ROWS), lambda size: True)
    assert 1 <= found < len(ROWS)
    assert crowded.step(ROWS[:found]) > 0
