"""The real SmolLM2 tokenizer, and llama.cpp, on what the tiny ones can't show."""

import json
from functools import cache
from pathlib import Path

import polars as pl
import pytest
from shipworthy.extensions.operation_naming.formats import botocore

from shipworthy.config.compose import compose
from shipworthy.core.project import project_root
from shipworthy.data.formats.batch import Written
from shipworthy.data.tokens.analysis import analyse
from shipworthy.data.tokens.encode import Encoder
from shipworthy.data.tokens.schema import Tokens
from shipworthy.evaluation.tasks.text_to_text.schema import TextToText
from shipworthy.models.causal_lm.base import base_folder
from shipworthy.models.causal_lm.chat import Chat
from shipworthy.models.causal_lm.schema import CausalLM
from shipworthy.models.causal_lm.weights import fetch
from shipworthy.models.rows import texts
from shipworthy.optimize.engines.llamacpp.toolchain import locate
from shipworthy.optimize.quantize.gguf.convert import convert
from shipworthy.optimize.quantize.gguf.parity import check

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(900)]

CITY = {"type": "object", "properties": {"city": {"type": "string"}}}
WEATHER = [{"type": "function", "function": {"name": "weather", "parameters": CITY}}]
CALLED = {"type": "function", "id": "c1", "function": {"name": "weather", "arguments": {"city": "Köln, <b>&'\""}}}
TOLD = [
    {"role": "user", "content": "Rain in Köln?"},
    {"role": "assistant", "tool_calls": [CALLED]},
    {"role": "tool", "tool_call_id": "c1", "content": '{"rain": true}'},
    {"role": "assistant", "content": "Yes, take a coat."},
]


@pytest.fixture(scope="module")
def chat() -> Chat:
    model = compose(["model=smollm2_135m"]).model
    assert isinstance(model, CausalLM)
    return Chat(base_folder(model))


@pytest.fixture(scope="module")
def rows() -> pl.DataFrame:
    """Operations of the committed recipe's snapshot."""
    config = compose([]).data
    parts = botocore.batches(project_root() / "data" / config.file, 20_000, Written())
    raw = pl.concat([pl.DataFrame(part.columns) for part in parts]).rename({"place": "id", "operation": "answer"})
    return raw.filter(pl.col("description") != "").head(3000).with_columns(pl.lit("train").alias("split"))


def test_the_committed_recipes_ids_are_those_of_one_row_at_a_time(chat: Chat, rows: pl.DataFrame) -> None:
    task = compose([]).task
    assert isinstance(task, TextToText)
    found = Encoder(task, chat)(rows)
    answer_ids = cache(chat.answer_ids)
    assert found["prompt_ids"].to_list() == [chat.prompt_ids(task.system, text) for text in texts(rows, task.prompt)]
    assert found["answer_ids"].to_list() == [answer_ids(answer) for answer in rows["answer"]]


def test_the_tokenizer_suits_english_and_not_chinese(chat: Chat, rows: pl.DataFrame) -> None:
    task = TextToText(name="t", description="d", baselines=["majority"], prompt="{description}", max_length=512)

    def found(frame: pl.DataFrame) -> list[str]:
        encoded = Encoder(task, chat)(frame)
        warnings: list[str] = analyse(encoded.lazy(), task, chat, Tokens(max_per_word=2.5))["warnings"]
        return warnings

    assert found(rows) == []
    chinese = rows.head(200).with_columns(
        description=pl.lit("删除设备清单中的旧条目并重新建立索引"), answer=pl.lit("删除")
    )
    assert any("parts of characters" in said for said in found(chinese))


@pytest.mark.parametrize("template", ["own", "chatml", "qwen", "zephyr", "llama2", "mistral"])
def test_the_engine_reads_conversations_and_tools_as_training_did(template: str, tmp_path: Path) -> None:
    """The template reaches the GGUF file, and llama.cpp makes the same tokens of messages, tools and calls."""
    model = compose(["model=tiny_random", f"model.template={template}"]).model
    assert isinstance(model, CausalLM)
    folder, gguf, toolchain = fetch(model), tmp_path / "f16.gguf", locate()
    convert(folder, gguf, toolchain)
    chat = Chat(folder)
    tools = template == "qwen"
    task = TextToText(
        name="t",
        description="d",
        baselines=["majority"],
        messages="told",
        tools="tools" if tools else "",
        turns="all",
        max_length=2000,
    )
    told = TOLD if tools else [TOLD[0], TOLD[3]]
    rows = pl.DataFrame(
        {
            "id": ["a", "b"],
            "split": ["train", "train"],
            "told": [json.dumps(told), json.dumps([{"role": "system", "content": "Be brief."}, *told, *told])],
            "tools": [json.dumps(WEATHER)] * 2,
        }
    )
    found = Encoder(task, chat)(rows)
    assert found["_why"].null_count() == found.height
    assert check(task, found, gguf, toolchain, "")["equal"] == found.height > 2
