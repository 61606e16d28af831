"""Tokens are added to a model: one id each, and a row of the embeddings, which are written anew only if they must."""

import json
from pathlib import Path

import pytest
import torch
from transformers import AutoTokenizer, LlamaConfig, LlamaForCausalLM

from shipworthy.core.errors import UsageError
from shipworthy.core.sources.schema import Folder
from shipworthy.models.causal_lm.base import digest
from shipworthy.models.causal_lm.chat import Chat
from shipworthy.models.causal_lm.network import load_network, native_dtype
from shipworthy.models.causal_lm.schema import CausalLM
from shipworthy.models.causal_lm.weights import fetch
from tests.tiny import write_model, write_tokenizer

TOKENS = ["<call>", "</call>"]


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHIPWORTHY_CACHE", str(tmp_path / "cache"))


def config(hub: Path, tokens: list[str], template: str = "own") -> CausalLM:
    return CausalLM(
        name="tiny", licence="none", source=Folder(path=str(hub)), new_tokens=tokens, template=template
    )  # fmt: skip


def test_embeddings_grow_by_a_row_for_each(tmp_path: Path) -> None:
    hub = write_model(tmp_path / "hub")
    LlamaForCausalLM.from_pretrained(hub, dtype=torch.bfloat16).save_pretrained(hub)
    plain, more = config(hub, []), config(hub, TOKENS)
    base, folder = fetch(plain), fetch(more)
    assert digest(plain) != digest(more)
    before, after = load_network(base), load_network(folder)
    old, new = before.get_input_embeddings().weight, after.get_input_embeddings().weight
    assert new.shape == (old.shape[0] + 2, old.shape[1])
    assert torch.equal(new[: len(old)], old)
    assert after.config.vocab_size == len(new)
    assert native_dtype(folder) is torch.bfloat16
    chat = Chat(folder)
    ids = chat.encode("a<call>b</call>")
    assert ids == [*chat.encode("a"), len(old), *chat.encode("b"), len(old) + 1]
    assert chat.decode(ids) == "a<call>b</call>"
    (folder / "manifest.json").unlink()
    again = load_network(fetch(more)).get_input_embeddings().weight
    assert torch.equal(again, new)


def test_rows_that_are_there_already_are_taken(tmp_path: Path) -> None:
    hub = tmp_path / "hub"
    tokenizer = write_tokenizer(hub)
    torch.manual_seed(0)
    LlamaForCausalLM(
        LlamaConfig(
            vocab_size=len(tokenizer) + 7,
            hidden_size=8,
            intermediate_size=8,
            num_hidden_layers=1,
            num_attention_heads=2,
            eos_token_id=2,
        )
    ).save_pretrained(hub)
    folder = fetch(config(hub, TOKENS))
    assert (folder / "model.safetensors").resolve() == hub / "model.safetensors"
    assert AutoTokenizer.from_pretrained(folder).convert_tokens_to_ids("</call>") == len(tokenizer) + 1
    assert json.loads((folder / "config.json").read_text())["vocab_size"] == len(tokenizer) + 7


def test_a_template_may_write_new_tokens(tmp_path: Path) -> None:
    hub = write_model(tmp_path / "hub", specials=("<s>", "</s>"))
    with pytest.raises(UsageError, match=r"model\.template=chatml: the model's tokenizer has no <\|im_end\|>, which"):
        fetch(config(hub, [], template="chatml"))
    chat = Chat(fetch(config(hub, ["<|im_start|>", "<|im_end|>"], template="chatml")))
    assert chat.tokenizer.eos_token == "<|im_end|>"
    assert chat.answer_ids("x")[-1] == chat.eos_id


@pytest.mark.parametrize("tokens", [[""], ["<a>", "<a>"]])
def test_no_token_is_empty_or_named_twice(tokens: list[str]) -> None:
    with pytest.raises(UsageError, match=r"model\.new_tokens has an empty text, or one twice: name each once\."):
        config(Path("h"), tokens)
