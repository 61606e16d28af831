"""Each template renders what its format's description says, and becomes a checkpoint's own."""

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from transformers import AutoTokenizer

from shipworthy.core.errors import ShipworthyError, UsageError
from shipworthy.core.files import read_json
from shipworthy.core.sources.schema import Folder
from shipworthy.models.causal_lm.base import files, place
from shipworthy.models.causal_lm.chat import Chat
from shipworthy.models.causal_lm.chat_format import Message
from shipworthy.models.causal_lm.schema import CausalLM
from shipworthy.models.causal_lm.template import install, names, read
from shipworthy.models.causal_lm.weights import fetch
from tests.tiny import write_model, write_tokenizer

GOLDEN = Path(__file__).parents[2] / "golden" / "templates"
NAMES = [name for name in names() if name != "own"]
SPECIALS = (
    *("<s>", "<bos>", "<|begin_of_text|>", "<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>"),
    *("<start_of_turn>", "<end_of_turn>", "<|im_start|>", "<|im_end|>", "</s>"),
)
CONVERSATION: list[Message] = [
    {"role": "system", "content": "Answer in one word."},
    {"role": "user", "content": "Capital of Peru?"},
    {"role": "assistant", "content": "Lima"},
    {"role": "user", "content": "And of Chile?"},
]
CITY = {"type": "object", "properties": {"city": {"type": "string"}}}
TOOLS = [{"type": "function", "function": {"name": "weather", "parameters": CITY}}]
CALL: list[Message] = [
    {"role": "user", "content": "Rain in Köln?"},
    {
        "role": "assistant",
        "tool_calls": [{"type": "function", "function": {"name": "weather", "arguments": {"city": "Köln"}}}],
    },
    {"role": "tool", "name": "weather", "content": '{"rain": true}'},
]


@pytest.fixture(scope="module")
def chats(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Chat]:
    """A tokenizer with every template's tokens, carrying each template in turn."""
    found = {}
    for name in NAMES:
        folder = tmp_path_factory.mktemp(name)
        tokenizer = write_tokenizer(folder, "none yet", SPECIALS)
        install(tokenizer, name)
        tokenizer.save_pretrained(folder)
        found[name] = Chat(folder)
    return found


def test_every_template_that_may_be_asked_for_is_there() -> None:
    assert names() == ("own", "chatml", "gemma", "llama2", "llama3", "mistral", "qwen", "zephyr")


@pytest.mark.parametrize("name", NAMES)
def test_system_and_turns(chats: dict[str, Chat], name: str) -> None:
    golden = (GOLDEN / f"{name}.conversation.txt").read_text(encoding="utf-8")
    assert chats[name].render(CONVERSATION, answering=True) == golden


@pytest.mark.parametrize("name", ["llama3", "qwen"])
def test_tools_their_calls_and_results(chats: dict[str, Chat], name: str) -> None:
    golden = (GOLDEN / f"{name}.tools.txt").read_text(encoding="utf-8")
    assert chats[name].render(CALL, answering=True, tools=TOOLS) == golden


@pytest.mark.parametrize("name", NAMES)
def test_ids_are_those_of_the_tokenizer_that_carries_it(chats: dict[str, Chat], name: str) -> None:
    chat = chats[name]
    carried = AutoTokenizer.from_pretrained(chat.tokenizer.name_or_path)
    theirs = carried.apply_chat_template(CONVERSATION, add_generation_prompt=True, return_dict=False)
    assert chat.ids([CONVERSATION], answering=True) == [theirs]
    assert chat.encode(chat.render(CONVERSATION, answering=True)) == theirs
    assert chat.template == read(name).text


@pytest.mark.parametrize("name", NAMES)
def test_an_answer_ends_with_the_token_at_which_the_model_stops(chats: dict[str, Chat], name: str) -> None:
    chat = chats[name]
    ids = chat.answer_ids("Lima")
    assert ids[-1] == chat.eos_id
    assert chat.decode(ids).strip() == "Lima"
    wanted = read(name).eos
    assert wanted in ("own", chat.tokenizer.eos_token)


@pytest.mark.parametrize("name", ["gemma", "llama2", "mistral"])
def test_an_order_of_roles_that_is_refused_is_said_in_the_templates_words(chats: dict[str, Chat], name: str) -> None:
    with pytest.raises(ShipworthyError, match="refuses the conversation: .*roles must alternate"):
        chats[name].render([CONVERSATION[1], CONVERSATION[1]], answering=True)


@pytest.mark.parametrize("name", NAMES)
@given(
    system=st.text(max_size=12),
    texts=st.lists(st.tuples(st.text(max_size=12), st.text(max_size=12)), min_size=1, max_size=3),
)
@settings(max_examples=15, deadline=None)
def test_every_prefix_of_a_conversation_renders_to_a_prefix(
    chats: dict[str, Chat], name: str, system: str, texts: list[tuple[str, str]]
) -> None:
    """What the model sees when it answers is how the whole begins, in text and in tokens."""
    chat = chats[name]
    conversation: list[Message] = [{"role": "system", "content": system}] if system else []
    for question, answer in texts:
        conversation += [{"role": "user", "content": question}, {"role": "assistant", "content": answer}]
    whole = chat.render(conversation, answering=False)
    turns = [i for i, message in enumerate(conversation) if message["role"] == "assistant"]
    for turn in turns:
        prompt = chat.render(conversation[:turn], answering=True)
        assert whole.startswith(prompt)
        assert chat.encode(whole)[: len(chat.encode(prompt))] == chat.encode(prompt)


def test_an_unknown_template_is_refused() -> None:
    with pytest.raises(UsageError, match="model.template=llama9 is not a chat template: choose one of own, chatml"):
        CausalLM(name="n", licence="l", source=Folder(path="h"), template="llama9")


def test_a_template_whose_tokens_the_tokenizer_lacks_is_refused(tmp_path: Path) -> None:
    tokenizer = write_tokenizer(tmp_path)
    with pytest.raises(UsageError, match="model.template=llama3: the model's tokenizer has no <|begin_of_text|>"):
        install(tokenizer, "llama3")
    with pytest.raises(UsageError, match="tokenizer has no <start_of_turn>|tokenizer has no <end_of_turn>"):
        install(write_tokenizer(tmp_path, specials=("<bos>", "</s>")), "gemma")
    tokenizer.bos_token = None
    with pytest.raises(UsageError, match="tokenizer has no bos_token"):
        install(tokenizer, "llama2")


def test_the_template_travels_with_the_base_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHIPWORTHY_CACHE", str(tmp_path / "cache"))
    hub = write_model(tmp_path / "hub", specials=("<bos>", "<start_of_turn>", "<end_of_turn>", "<eos>"))
    own = CausalLM(name="tiny", licence="none", source=Folder(path=str(hub)))
    gemma = CausalLM(name="tiny", licence="none", source=Folder(path=str(hub)), template="gemma")
    folder = fetch(gemma)
    assert folder == place(gemma) != place(own)
    chat, plain = Chat(folder), Chat(place(own))
    assert (chat.template, chat.tokenizer.eos_token) == (read("gemma").text, "<end_of_turn>")
    assert plain.tokenizer.eos_token == "<eos>"
    assert read_json(folder / "config.json")["eos_token_id"] == chat.eos_id
    assert files(own)["model.safetensors"] == files(gemma)["model.safetensors"]
    assert (folder / "model.safetensors").resolve() == hub / "model.safetensors"  # and no copy of it
    assert fetch(gemma) == folder
    assert (folder / "chat_template.jinja").read_text() == read("gemma").text
    assert json.loads((folder / "tokenizer_config.json").read_text())["eos_token"] == "<end_of_turn>"
