"""Rows become the tokens that the template makes at inference, and what follows them is what is learned."""

import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from transformers import AutoTokenizer

from shipworthy.core.errors import UsageError
from shipworthy.data.tokens.encode import Encoder
from shipworthy.models.causal_lm.chat import Chat
from shipworthy.models.causal_lm.conversation import messages
from shipworthy.models.causal_lm.template import read
from shipworthy.models.prompted.schema import FewShot
from tests.data.tokens.samples import ROWS, chat, encode, task
from tests.tiny import CHATML

TURNS = [
    {"role": "user", "content": "one?"},
    {"role": "assistant", "content": "uno"},
    {"role": "user", "content": "two?"},
    {"role": "assistant", "content": "dos"},
]
WEATHER = [{"type": "function", "function": {"name": "weather", "parameters": {"type": "object"}}}]
CALLING = [
    {"role": "user", "content": "Rain?"},
    {
        "role": "assistant",
        "content": None,
        "tool_calls": [{"function": {"name": "weather", "arguments": '{"in": "Ulm"}'}}],
    },
    {"role": "tool", "content": "wet"},
    {"role": "assistant", "content": "Yes."},
]


def conversations(*told: Any, split: str = "train", tools: Any = None) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "id": [f"r{i}" for i in range(len(told))],
            "split": [split] * len(told),
            "told": [text if isinstance(text, str) else json.dumps(text) for text in told],
            "tools": [json.dumps(tools) if tools else None] * len(told),
        },
        schema_overrides={"tools": pl.String},
    )


def test_prompts_and_answers_are_those_of_one_row_at_a_time(tmp_path: Path) -> None:
    """As they were made before batches."""
    chats = chat(tmp_path)
    rows = Encoder(task(), chats)(ROWS)
    for row in rows.iter_rows(named=True):
        assert row["prompt_ids"] == chats.prompt_ids("Name it.", f"do: {row['text']}")
        assert row["answer_ids"] == chats.answer_ids(row["answer"])
        assert row["_reason"] is None


def test_prompts_are_what_the_tokenizer_makes_at_inference(tmp_path: Path) -> None:
    rows = encode(tmp_path)
    carried = AutoTokenizer.from_pretrained(tmp_path)
    for row in rows.iter_rows(named=True):
        asked = messages("Name it.", f"do: {row['text']}")
        theirs = carried.apply_chat_template(asked, add_generation_prompt=True, return_dict=False)
        assert row["prompt_ids"] == theirs
        whole = carried.apply_chat_template(
            [*asked, {"role": "assistant", "content": row["answer"]}], return_dict=False
        )
        assert whole[: len(theirs) + len(row["answer_ids"])] == [*theirs, *row["answer_ids"]]


@given(st.lists(st.tuples(st.text(max_size=8), st.text(min_size=1, max_size=8)), min_size=1, max_size=5), st.data())
@settings(max_examples=15, deadline=None)
def test_what_a_row_gets_does_not_depend_on_the_others(
    tmp_path_factory: pytest.TempPathFactory, texts: list[tuple[str, str]], data: st.DataObject
) -> None:
    encoder = Encoder(task(), chat(tmp_path_factory.mktemp("chat")))
    rows = pl.DataFrame(
        {"id": [str(i) for i in range(len(texts))], "text": [t for t, _ in texts], "answer": [a for _, a in texts]}
    )
    together = encoder(rows)
    assert together["id"].to_list() == rows["id"].to_list()
    cut = data.draw(st.integers(0, rows.height))
    apart = pl.concat([encoder(rows[cut:]), encoder(rows[:cut])]).sort("id")
    assert apart.equals(together.sort("id"))


def test_all_turns_share_the_prefix_of_one_conversation(tmp_path: Path) -> None:
    rows = encode(tmp_path, conversations(TURNS), messages="told", turns="all", system="Count.")
    chats = Chat(tmp_path)
    assert rows["id"].to_list() == ["r0#1", "r0#2"]
    assert rows["answer"].to_list() == ["uno", "dos"]
    whole = chats.encode(chats.render(messages("Count.", "one?") + TURNS[1:], answering=False))
    for prompt, answer in rows.select("prompt_ids", "answer_ids").iter_rows():
        assert whole[: len(prompt) + len(answer)] == [*prompt, *answer]
        assert answer[-1] == chats.eos_id
    # What precedes the answer stays in the column, so that the answer of a test row can't be read there.
    assert [len(json.loads(told)) for told in rows["told"]] == [2, 4]


def test_turns_of_weight_0_are_read_and_not_taught(tmp_path: Path) -> None:
    weighted = [dict(TURNS[0]), TURNS[1] | {"weight": 0}, *TURNS[2:]]
    rows = encode(tmp_path, conversations(weighted, TURNS), messages="told", turns="all")
    assert rows.select("id", "answer").rows() == [("r0#1", "dos"), ("r1#1", "uno"), ("r1#2", "dos")]
    assert rows["prompt_ids"][0].to_list() == rows["prompt_ids"][2].to_list()
    assert json.loads(rows["told"][0]) == TURNS[:3]


def test_a_turn_that_says_nothing_is_not_taught(tmp_path: Path) -> None:
    empty = [TURNS[0], TURNS[1] | {"content": " "}, *TURNS[2:]]
    silent = [TURNS[0], TURNS[1] | {"content": "", "weight": 0}, *TURNS[2:]]
    rows = encode(tmp_path, conversations(empty, silent), messages="told", turns="all", system="Count.")
    assert rows.select("id", "_reason").rows() == [("r0", "empty"), ("r1#1", None)]
    assert rows["_why"][0] == "the assistant says nothing in its turn 1: take it out, or give it the weight 0"


def test_a_template_whose_code_fails_refuses_the_row(tmp_path: Path) -> None:
    failing = CHATML.replace("{{", "{{ '' if messages|length < 3 else messages[0]['content'] + 5 }}{{", 1)
    rows = encode(tmp_path, conversations(TURNS, TURNS[:2]), failing, messages="told")
    assert rows["_reason"].to_list() == ["template refuses", None]
    assert "refuses the conversation: TypeError: " in rows["_why"][0]


def test_a_developer_message_that_the_template_drops_is_found(tmp_path: Path) -> None:
    dropping = "{% for m in messages if m.role != 'developer' %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n"
    dropping += "{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
    told = [[{"role": role, "content": "Count in Spanish."}, *TURNS] for role in ("developer", "system")]
    rows = encode(tmp_path, conversations(*told), dropping, messages="told")
    assert rows["_reason"].to_list() == ["system dropped", None]


def test_the_other_splits_are_asked_for_the_last_turn(tmp_path: Path) -> None:
    rows = encode(tmp_path, conversations(TURNS, split="test"), messages="told", turns="all")
    assert rows["id"].to_list() == ["r0"]
    assert rows["answer"].to_list() == ["dos"]
    assert "dos" not in rows["told"][0]


def test_calls_of_tools_are_learned_as_the_template_writes_them(tmp_path: Path) -> None:
    rows = conversations(CALLING, tools=WEATHER)
    found = encode(tmp_path, rows, read("qwen").text, messages="told", tools="tools", turns="all")
    assert found["_why"].to_list() == [None, None]
    assert found["answer"].to_list() == [
        '<tool_call>\n{"name": "weather", "arguments": {"in": "Ulm"}}\n</tool_call>',
        "Yes.",
    ]
    text = Chat(tmp_path).tokenizer.decode(found["prompt_ids"][1])
    assert '<tools>\n{"type": "function", "function": {"name": "weather"' in text
    assert "<tool_response>\nwet\n</tool_response>" in text


def test_a_table_of_structs_is_refused(tmp_path: Path) -> None:
    rows = pl.DataFrame({"id": ["a"], "told": [TURNS]})
    with pytest.raises(UsageError, match="Column told .task.messages. holds List.*as JSON text"):
        encode(tmp_path, rows, messages="told")
    with pytest.raises(UsageError, match="task.messages=tol is none of the columns id, told"):
        encode(tmp_path, rows, messages="tol")


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"prompt": "{x}", "messages": "m"}, "task.prompt and task.messages: set exactly one"),
        ({"prompt": ""}, "task.prompt and task.messages: set exactly one"),
        ({"turns": "first"}, "task.turns=first: choose last or all"),
        ({"turns": "all"}, "task.tools and task.turns speak of conversations"),
        ({"messages": "m", "baselines": [FewShot.kind]}, "names few_shot, which fills in task.prompt"),
    ],
)
def test_settings_that_do_not_go_together_are_refused(change: dict[str, Any], sentence: str) -> None:
    settled = {"name": "t", "description": "d", "baselines": ["majority"]} | (
        {} if "messages" in change else {"prompt": "{x}"}
    )
    with pytest.raises(UsageError, match=sentence):
        type(task())(**{**settled, **change})
