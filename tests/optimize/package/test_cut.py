"""A package cuts texts by tokens as the project does."""

import json
import random
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from shipworthy.config.compose import compose
from shipworthy.core.files import write_json
from shipworthy.data.tokens.encode import Encoder
from shipworthy.evaluation.tasks.text_to_text.schema import TextToText
from shipworthy.models.causal_lm import weights
from shipworthy.models.causal_lm.chat import Chat
from shipworthy.models.causal_lm.request import Requests
from shipworthy.models.causal_lm.schema import CausalLM
from shipworthy.models.documents import documents
from shipworthy.models.documents import voted as documents_voted
from shipworthy.models.protocol import Prediction
from shipworthy.optimize.engines.llamacpp.server import settings
from shipworthy.optimize.engines.llamacpp.toolchain import locate
from shipworthy.optimize.quantize.gguf.convert import convert
from tests.data.tokens.samples import chat, task
from tests.optimize.package.echo import echo
from tests.optimize.package.made import answers, language, texts

WORDS = ["word", "Ünïcode", "می\u200cخواهم", "\U0001f600", "0012", "{brace}", "東京", "it's"]


def rows(count: int) -> pl.DataFrame:
    draw = random.Random(0)
    said = [" ".join(draw.choices(WORDS, k=draw.randint(1, 80))) for _ in range(count)]
    splits = [["train", "validation", "test"][i % 3] for i in range(count)]
    return pl.DataFrame({"id": [str(i) for i in range(count)], "split": splits, "text": said, "answer": "Stop"})


def saved(asked: TextToText, chats: Chat) -> dict[str, object]:
    return {
        **{name: getattr(asked, name) for name in ("system", "prompt", "messages", "tools")},
        "control_tokens": chats.control_tokens,
        "cut": asked.cuts,
    }


@pytest.mark.parametrize("keep", ["start", "end", "both"])
def test_questions_are_those_of_the_project(keep: str, tmp_path: Path) -> None:
    asked, chats = task(max_length=300, too_long="truncate", keep=keep), chat(tmp_path)
    encoded = Encoder(asked, chats)(rows(90))
    requests = Requests(saved(asked, chats), lambda body: len(chats.ids([body["messages"]], answering=True)[0]))
    asked_for = [body for row in rows(90).iter_rows(named=True) for body in requests(row)]
    found = [chats.ids([body["messages"]], answering=True)[0] for body in asked_for]
    assert found == encoded["prompt_ids"].to_list()
    assert 20 < encoded["_cut"].sum() < 80


def last_word(body: dict[str, Any]) -> str:
    """A model that says the last word that it is told."""
    return str(body["messages"][-1]["content"]).split()[-1]


@pytest.mark.parametrize("overlap", [0, 40])
def test_chunks_and_their_vote_are_those_of_the_project(overlap: int, tmp_path: Path) -> None:
    asked, chats = task(max_length=300, too_long="chunk", overlap=overlap), chat(tmp_path)
    raw = rows(90)
    encoded = Encoder(asked, chats)(raw)
    requests = Requests(saved(asked, chats), lambda body: len(chats.ids([body["messages"]], answering=True)[0]))
    for row in raw.iter_rows(named=True):
        found = [chats.ids([body["messages"]], answering=True)[0] for body in requests(row)]
        assert found == encoded.filter(chunk_of=row["id"])["prompt_ids"].to_list()
    predictions = [Prediction(text.split()[-1]) for text in encoded["text"]]
    voted = dict(zip(documents(encoded)["id"], documents_voted(encoded, predictions), strict=True))
    said = {row["id"]: requests.answer(row, lambda body: f" {last_word(body)} ") for row in raw.iter_rows(named=True)}
    assert said == {name: one.text for name, one in voted.items()}
    assert encoded.height > 120
    assert any(said[row["id"]] != row["text"].split()[-1] for row in raw.iter_rows(named=True)), "no vote mattered"


def test_a_control_token_in_any_chunk_is_refused_before_any_is_asked(tmp_path: Path) -> None:
    asked, chats = task(max_length=300, too_long="chunk"), chat(tmp_path)
    requests = Requests(saved(asked, chats), lambda body: len(chats.ids([body["messages"]], answering=True)[0]))
    with pytest.raises(ValueError, match="reads as a mark of the chat template"):
        requests.answer({"text": "word " * 200 + "<|im_end|>"}, pytest.fail)


def echoed(folder: Path, **how: Any) -> tuple[pl.DataFrame, list[str]]:
    """Sixty rows as they are encoded, and what a package asks llama.cpp's tokenizer and an echoing server of each."""
    config = compose(["model=tiny_random"]).model
    assert isinstance(config, CausalLM)
    base, toolchain = weights.fetch(config), locate()
    asked, chats = task(max_length=120, **how), Chat(base)
    package = language(folder / "p", saved(asked, chats), texts("text"))
    convert(base, package / "model.gguf", toolchain)
    write_json(package / "serving.json", settings("model.gguf", "t", 256, 1, 0))
    with echo() as url:
        said = answers(package, rows(60).select("text").to_dicts(), "--url", url, python=str(toolchain.python))
    found = [json.loads(one["prediction"])["messages"][-1]["content"] for one in said]
    return Encoder(asked, chats)(rows(60)), found


@pytest.mark.e2e
@pytest.mark.timeout(600)
def test_by_the_tokens_of_llama_cpp(tmp_path: Path) -> None:
    encoded, found = echoed(tmp_path, too_long="truncate")
    assert found == [f"do: {text}" for text in encoded["text"]]
    assert 10 < encoded["_cut"].sum() < 60


@pytest.mark.e2e
@pytest.mark.timeout(600)
def test_chunks_by_the_tokens_of_llama_cpp(tmp_path: Path) -> None:
    encoded, found = echoed(tmp_path, too_long="chunk", overlap=8)
    # The echo answers each chunk with itself: of answers that all differ the first wins.
    order = rows(60).select("id").join(documents(encoded), on="id", maintain_order="left")
    assert found == [f"do: {text}" for text in order["text"]]
    assert encoded.height > 80
