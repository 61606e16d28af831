"""A package cuts texts by tokens as the project does."""

import json
import random
from pathlib import Path

import polars as pl
import pytest

from shipworthy.config.compose import compose
from shipworthy.core.files import write_json
from shipworthy.data.tokens.encode import Encoder
from shipworthy.evaluation.tasks.schema import TextToText
from shipworthy.models.causal_lm import weights
from shipworthy.models.causal_lm.chat import Chat
from shipworthy.models.causal_lm.request import Requests
from shipworthy.models.causal_lm.schema import CausalLM
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
    found = [chats.ids([requests(row)["messages"]], answering=True)[0] for row in rows(90).iter_rows(named=True)]
    assert found == encoded["prompt_ids"].to_list()
    assert 20 < encoded["_cut"].sum() < 80


@pytest.mark.e2e
@pytest.mark.timeout(600)
def test_by_the_tokens_of_llama_cpp(tmp_path: Path) -> None:
    config = compose(["model=tiny_random"]).model
    assert isinstance(config, CausalLM)
    base, toolchain = weights.fetch(config), locate()
    asked, chats = task(max_length=120, too_long="truncate"), Chat(base)
    encoded = Encoder(asked, chats)(rows(60))
    folder = language(tmp_path / "p", saved(asked, chats), texts("text"))
    convert(base, folder / "model.gguf", toolchain)
    write_json(folder / "serving.json", settings("model.gguf", "t", 256, 1, 0))
    with echo() as url:
        said = answers(folder, rows(60).select("text").to_dicts(), "--url", url, python=str(toolchain.python))
    found = [json.loads(one["prediction"])["messages"][-1]["content"] for one in said]
    assert found == [f"do: {text}" for text in encoded["text"]]
    assert 10 < encoded["_cut"].sum() < 60
