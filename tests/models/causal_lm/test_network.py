"""A network is loaded as its files have it, in the type that is asked for, and holds its weights once meanwhile."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from peft import LoraConfig, get_peft_model
from safetensors.torch import load_file, save_file
from transformers import AutoModelForCausalLM, LlamaConfig, LlamaForCausalLM

from shipworthy.core.errors import ArtifactError
from shipworthy.models.causal_lm import convert
from shipworthy.models.causal_lm.network import load_network, native_dtype
from tests.conftest import ROOT
from tests.tiny import write_model, write_tokenizer

TYPES = (torch.float32, torch.bfloat16, torch.float16)
IDS = torch.arange(40).reshape(2, 20)


def sharded(folder: Path, dtype: torch.dtype = torch.bfloat16) -> Path:
    """Writes a Llama with random weights in several files."""
    tokenizer = write_tokenizer(folder)
    torch.manual_seed(0)
    network = LlamaForCausalLM(
        LlamaConfig(
            vocab_size=len(tokenizer),
            hidden_size=32,
            intermediate_size=64,
            num_hidden_layers=2,
            num_attention_heads=4,
            num_key_value_heads=2,
            tie_word_embeddings=True,
            initializer_range=0.3,
            eos_token_id=tokenizer.eos_token_id,
        )
    ).to(dtype)
    size = sum(p.numel() * p.element_size() for p in network.parameters())
    network.save_pretrained(folder, max_shard_size=size // 5)
    return folder


@pytest.mark.parametrize("kept", TYPES)
@pytest.mark.parametrize("wanted", TYPES)
def test_the_numbers_are_those_that_transformers_loads(tmp_path: Path, kept: torch.dtype, wanted: torch.dtype) -> None:
    folder = sharded(tmp_path / "hub", kept)
    assert len(list(folder.glob("model-*.safetensors"))) > 2
    assert native_dtype(folder) is kept
    theirs = AutoModelForCausalLM.from_pretrained(folder, dtype=wanted)
    ours = load_network(folder, dtype=wanted)
    expected = theirs.state_dict()
    assert all(torch.equal(value, expected[name]) for name, value in ours.state_dict().items())
    assert {p.dtype for p in ours.parameters()} == {wanted} == {ours.dtype, ours.config.dtype}
    assert ours.name_or_path == str(folder)
    assert ours.generation_config.to_dict() == theirs.generation_config.to_dict()
    assert not ours.training
    with torch.no_grad():
        assert torch.equal(ours(IDS).logits, theirs(IDS).logits)


def test_who_writes_to_a_file_does_not_change_a_network_that_was_loaded(tmp_path: Path) -> None:
    folder = write_model(tmp_path / "hub")
    network = load_network(folder)
    before = {name: value.clone() for name, value in network.state_dict().items()}
    file = folder / "model.safetensors"
    with file.open("r+b") as opened:
        opened.write(bytes(file.stat().st_size))
    assert all(torch.equal(value, before[name]) for name, value in network.state_dict().items())


def test_an_adapter_is_merged_in_the_type_that_is_asked_for(tmp_path: Path) -> None:
    folder = sharded(tmp_path / "hub")
    torch.manual_seed(1)
    adapted = get_peft_model(
        load_network(folder),
        LoraConfig(r=2, target_modules="all-linear", init_lora_weights=False, task_type="CAUSAL_LM"),
    )
    adapted.save_pretrained(tmp_path / "adapter", save_embedding_layers=False)
    expected = adapted.merge_and_unload().state_dict()
    exact, rounded = (load_network(folder, tmp_path / "adapter", dtype=one) for one in (torch.float32, torch.bfloat16))
    assert all(torch.equal(value, expected[name]) for name, value in exact.state_dict().items())
    assert {p.dtype for p in rounded.parameters()} == {torch.bfloat16}
    for name, value in rounded.state_dict().items():
        torch.testing.assert_close(value.float(), expected[name], rtol=0.02, atol=0.02)


def test_weights_that_are_not_all_there_are_refused(tmp_path: Path) -> None:
    folder = write_model(tmp_path / "hub")
    tensors = load_file(folder / "model.safetensors")
    del tensors["model.norm.weight"]
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(ArtifactError, match=r"hub lack model\.norm\.weight of a LlamaForCausalLM: take whole ones"):
        load_network(folder)
    del tensors["model.layers.0.mlp.up_proj.weight"]
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(ArtifactError, match=r"lack model\.layers\.0\.mlp\.up_proj\.weight and 1 other tensors of a"):
        load_network(folder)


@pytest.mark.parametrize("dtype", TYPES)
def test_what_comes_out_of_a_gguf_takes_16_bits_only_where_that_changes_nothing(
    tmp_path: Path, dtype: torch.dtype
) -> None:
    network = load_network(sharded(tmp_path / "hub", dtype))
    before = {name: value.clone() for name, value in network.state_dict().items()}
    kept = convert.in_fewest_bits(network)
    assert kept.dtype is dtype
    assert all(torch.equal(value.float(), before[name]) for name, value in kept.state_dict().items())


@pytest.mark.parametrize("megabytes", [200, pytest.param(1000, marks=pytest.mark.long)])
def test_a_model_is_held_once_while_it_is_loaded_and_never_copied_on_disk(megabytes: int) -> None:
    done = subprocess.run(
        [sys.executable, ROOT / "scripts/bench/loading", "--mb", str(megabytes)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    size = re.search(r"model: (\d+) MB in \d+ files, bf16", done.stdout)
    assert size and 0.85 * megabytes < int(size[1]) < 1.15 * megabytes
    assert re.findall(r"load in (\w+):", done.stdout) == ["bfloat16", "float32", "nf4"]
