"""The fused LoRA layer is PEFT's own function: same output, same gradients."""

from pathlib import Path

import pytest
import torch
from peft import LoraConfig, get_peft_model

from shipworthy.models.adapters.fused import fuse
from shipworthy.models.causal_lm.network import load_network
from tests.tiny import write_model

IDS = torch.tensor([[1, 30, 40, 50, 60], [1, 31, 41, 51, 61]])


def gradients(
    folder: Path, fused: bool, dropout: float, targets: list[str]
) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
    torch.manual_seed(0)
    network = get_peft_model(
        load_network(folder), LoraConfig(r=4, lora_alpha=12, lora_dropout=dropout, target_modules=targets)
    ).train()
    for name, parameter in network.named_parameters():
        if "lora_B" in name:
            torch.nn.init.normal_(parameter, std=0.2, generator=torch.Generator().manual_seed(3))
    if fused:
        fuse(network)
    torch.manual_seed(1)
    logits = network(input_ids=IDS).logits
    logits.logsumexp(-1).sum().backward()
    return logits.detach(), {n: p.grad for n, p in network.named_parameters() if p.grad is not None}


def same(folder: Path, dropout: float, targets: list[str]) -> None:
    ours, our_gradients = gradients(folder, True, dropout, targets)
    theirs, their_gradients = gradients(folder, False, dropout, targets)
    torch.testing.assert_close(ours, theirs, atol=1e-4, rtol=1e-4)
    assert our_gradients.keys() == their_gradients.keys() and len(our_gradients) == 4 * len(targets)
    for name, gradient in our_gradients.items():
        torch.testing.assert_close(gradient, their_gradients[name], atol=1e-3, rtol=1e-3)


GATED = ["gate_proj", "up_proj", "down_proj"]


@pytest.mark.parametrize("targets", [["q_proj", "up_proj"], GATED, ["q_proj", "v_proj", *GATED]])
def test_output_and_gradients_are_those_of_peft(tmp_path: Path, targets: list[str]) -> None:
    same(write_model(tmp_path), 0.0, targets)


def test_layers_with_dropout_keep_their_own_step(tmp_path: Path) -> None:
    same(write_model(tmp_path), 0.5, ["q_proj", *GATED])
