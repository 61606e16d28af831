"""The decoder is transformers' Llama of equal weights: logits, gradients, files; and begins as its papers say.

Shapes: B rows, T tokens, V vocabulary.
"""

import math
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors import safe_open
from torch.nn.functional import cross_entropy
from transformers import AutoModelForCausalLM, LlamaConfig, LlamaForCausalLM

from shipworthy.core.errors import ShipworthyError
from shipworthy.models.decoder.layout import load, save, to_llama
from shipworthy.models.decoder.network import ADDING, Transformer, draw
from shipworthy.models.decoder.schema import DecoderShape
from tests.tiny import write_tokenizer

V = 97
SHAPES = {
    "multi-head": DecoderShape(32, 64, 2, 4, 4, context=64, std=0.2),
    "grouped": DecoderShape(48, 40, 3, 6, 2, context=64, tie=False, std=0.2),
    "multi-query": DecoderShape(40, 96, 2, 4, 1, context=64, std=0.2, rope_base=500000.0),
    "heads of 6": DecoderShape(30, 50, 2, 5, 5, context=64, tie=False, std=0.3, norm_eps=1e-6),
    "one layer, one head": DecoderShape(22, 33, 1, 1, 1, context=64, std=0.3),
}


@pytest.fixture(params=SHAPES)
def network(request: pytest.FixtureRequest) -> Transformer:
    shape: DecoderShape = SHAPES[request.param]
    return draw(shape, V)


def ids_BT() -> torch.Tensor:
    return torch.randint(0, V, (3, 40), generator=torch.Generator().manual_seed(5))


def test_logits_and_gradients_are_llamas(network: Transformer) -> None:
    kept = {name: p.detach().clone() for name, p in network.state_dict().items()}
    llama = to_llama(network).train()
    assert llama.config._attn_implementation == "sdpa"
    llama.set_attn_implementation("eager")  # its own plain computation, another kernel than ours
    logits_BTV, expected_BTV = network(ids_BT()), llama(ids_BT()).logits
    assert expected_BTV.std() > 0.1
    torch.testing.assert_close(logits_BTV, expected_BTV, atol=1e-5, rtol=0)
    found = []
    for one, logits in ((network, logits_BTV), (llama, expected_BTV)):
        one.zero_grad()
        cross_entropy(logits[:, :-1].flatten(0, 1), ids_BT()[:, 1:].flatten()).backward()
        found.append({name: p.grad.clone() for name, p in one.named_parameters() if p.grad is not None})
    ours, theirs = found
    assert ours.keys() == theirs.keys() == {name for name, _ in network.named_parameters()}
    for name, gradient in ours.items():
        torch.testing.assert_close(gradient, theirs[name], atol=1e-5, rtol=1e-4, msg=name)
    assert all(torch.equal(kept[name], p) for name, p in network.state_dict().items())


def test_no_token_sees_a_later_one(network: Transformer) -> None:
    changed_BT = ids_BT()
    changed_BT[:, 25] = (changed_BT[:, 25] + 1) % V
    before_BTV, after_BTV = network(ids_BT()), network(changed_BT)
    assert torch.equal(before_BTV[:, :25], after_BTV[:, :25])
    assert not torch.allclose(before_BTV[:, 25:], after_BTV[:, 25:])


def test_weights_are_kept_as_llamas(network: Transformer, tmp_path: Path) -> None:
    tokenizer = write_tokenizer(tmp_path / "tokenizer")
    save(network, tmp_path / "kept", tokenizer)
    again = load(tmp_path / "kept")
    assert again.shape == network.shape and again.vocabulary == V
    assert again.state_dict().keys() == network.state_dict().keys()
    assert all(torch.equal(p, network.state_dict()[name]) for name, p in again.state_dict().items())
    assert (again.lm_head.weight is again.model["embed_tokens"].weight) == network.shape.tie
    llama = AutoModelForCausalLM.from_pretrained(str(tmp_path / "kept"))
    assert isinstance(llama, LlamaForCausalLM) and llama.config.architectures == ["LlamaForCausalLM"]
    assert (llama.config.bos_token_id, llama.config.eos_token_id) == (tokenizer.bos_token_id, tokenizer.eos_token_id)
    torch.testing.assert_close(llama(ids_BT()).logits, network(ids_BT()), atol=1e-5, rtol=0)
    with safe_open(tmp_path / "kept" / "model.safetensors", framework="pt") as file:
        assert ("lm_head.weight" in file.keys()) != network.shape.tie  # noqa: SIM118


def test_bf16_stays_bf16(tmp_path: Path) -> None:
    network = draw(SHAPES["grouped"], V).bfloat16()
    save(network, tmp_path / "kept", write_tokenizer(tmp_path / "tokenizer"))
    again = load(tmp_path / "kept")
    assert {p.dtype for p in again.parameters()} == {torch.bfloat16}
    assert torch.equal(again(ids_BT()), network(ids_BT()))


@pytest.mark.parametrize(
    ("settings", "fault"),
    [
        ({"attention_bias": True}, "layers have biases"),
        ({"hidden_act": "gelu"}, "activation"),
        ({"head_dim": 16}, "heads are not as wide"),
        ({"rope_parameters": {"rope_type": "linear", "factor": 2.0, "rope_theta": 1e4}}, "rotary positions are scaled"),
    ],
)
def test_another_llama_is_refused(settings: dict[str, object], fault: str, tmp_path: Path) -> None:
    config = LlamaConfig(
        vocab_size=V, hidden_size=32, intermediate_size=64, num_hidden_layers=1, num_attention_heads=4, **settings
    )
    LlamaForCausalLM(config).save_pretrained(tmp_path)
    with pytest.raises(ShipworthyError, match=f"can't be read as a decoder: its {fault}.*; load it as model=causal_lm"):
        load(tmp_path)


def test_weights_begin_as_the_papers_say() -> None:
    shape = DecoderShape(128, 256, 6, 8, 2, context=64, std=0.05)
    torch.manual_seed(1)
    expected = torch.rand(1)
    torch.manual_seed(1)
    network = draw(shape, 500)
    assert torch.equal(torch.rand(1), expected)  # others' draws are not disturbed
    for name, weight in network.named_parameters():
        if weight.dim() == 1:
            assert torch.equal(weight, torch.ones_like(weight)), name
        else:
            std = 0.05 / math.sqrt(12) if name.endswith(ADDING) else 0.05
            assert weight.std().item() == pytest.approx(std, rel=0.05), name
            assert abs(weight.mean().item()) < 4 * std / math.sqrt(weight.numel()), name
    with torch.no_grad():
        losses = cross_entropy(network(torch.randint(0, 500, (4, 64))).flatten(0, 1), torch.randint(0, 500, (256,)))
    assert losses.item() == pytest.approx(math.log(500), rel=0.05)  # it knows nothing yet
    other, same = draw(replace(shape, seed=1), 500), draw(shape, 500)
    assert not torch.equal(other.lm_head.weight, network.lm_head.weight)
    assert all(torch.equal(p, network.state_dict()[name]) for name, p in same.state_dict().items())


def test_it_learns_from_scratch() -> None:
    network = draw(DecoderShape(32, 64, 2, 4, 2, context=64), V)
    rule = torch.optim.AdamW(network.parameters(), lr=0.01)
    row_BT = ids_BT()
    losses = []
    for _ in range(40):
        loss = cross_entropy(network(row_BT)[:, :-1].flatten(0, 1), row_BT[:, 1:].flatten())
        rule.zero_grad()
        loss.backward()
        rule.step()
        losses.append(loss.item())
    assert losses[0] == pytest.approx(math.log(V), rel=0.05)
    assert losses[-1] < 0.5


def test_too_long_a_row_is_refused() -> None:
    network = draw(DecoderShape(8, 8, 1, 1, 1, context=4), V)
    with pytest.raises(ValueError, match="a row has 5 tokens, and the network's context is 4"):
        network(torch.zeros(1, 5, dtype=torch.long))
