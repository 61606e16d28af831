"""Messages and tools as files have them: OpenAI's, Hugging Face's and ShareGPT's format; what is malformed says why."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shipworthy.models.causal_lm.chat_format import MalformedError, read_messages, read_tools
from shipworthy.models.causal_lm.conversation import parse

FIND = {"name": "find", "arguments": {"place": "Ulm"}}
CALL = {"type": "function", "function": FIND}
SCHEMA = {"name": "find", "description": "Finds.", "parameters": {"type": "object", "properties": {}}}


def read(*messages: Any) -> list[dict[str, Any]]:
    return read_messages(json.dumps(messages))


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ({"from": "human", "value": "Hi"}, {"role": "user", "content": "Hi"}),
        ({"from": "gpt", "value": "Hi"}, {"role": "assistant", "content": "Hi"}),
        ({"from": "gpt", "value": "Hi", "weight": 0}, {"role": "assistant", "content": "Hi", "weight": 0}),
        ({"from": "system", "value": "Be brief."}, {"role": "system", "content": "Be brief."}),
        ({"from": "observation", "value": "{}"}, {"role": "tool", "content": "{}"}),
        ({"from": "function_call", "value": json.dumps(FIND)}, {"role": "assistant", "tool_calls": [CALL]}),
        (
            {"from": "function_call", "value": json.dumps([FIND, FIND])},
            {"role": "assistant", "tool_calls": [CALL, CALL]},
        ),
        ({"role": "user", "from": "gpt", "content": "Hi"}, {"role": "user", "from": "gpt", "content": "Hi"}),
        (
            {"role": "user", "content": [{"type": "text", "text": "One."}, {"type": "text", "text": "Two."}]},
            {"role": "user", "content": "One.\nTwo."},
        ),
        ({"role": "user", "content": []}, {"role": "user", "content": ""}),
        ({"role": "developer", "content": "Be brief."}, {"role": "developer", "content": "Be brief."}),
        ({"role": "assistant", "content": "Hi", "weight": 1}, {"role": "assistant", "content": "Hi"}),
        ({"role": "user", "content": "Hi", "weight": 0}, {"role": "user", "content": "Hi"}),
        (
            {"role": "assistant", "content": "Hi", "tool_calls": [], "refusal": None},
            {"role": "assistant", "content": "Hi"},
        ),
        (
            {"role": "assistant", "content": None, "function_call": {"name": "find", "arguments": '{"place": "Ulm"}'}},
            {"role": "assistant", "tool_calls": [CALL]},
        ),
        ({"role": "function", "name": "find", "content": "wet"}, {"role": "tool", "name": "find", "content": "wet"}),
        (
            {
                "role": "assistant",
                "tool_calls": [{"id": "a1", "type": "function", "function": {"name": "now", "arguments": ""}}],
            },
            {
                "role": "assistant",
                "tool_calls": [{"id": "a1", "type": "function", "function": {"name": "now", "arguments": {}}}],
            },
        ),
        (
            {"role": "tool", "tool_call_id": "a1", "content": [{"type": "text", "text": "wet"}]},
            {"role": "tool", "tool_call_id": "a1", "content": "wet"},
        ),
    ],
)
def test_a_message_in_its_normal_form(message: dict[str, Any], expected: dict[str, Any]) -> None:
    assert read(message) == [expected]
    assert read(expected) == [expected]


@pytest.mark.parametrize(
    ("message", "why"),
    [
        ("Hi", "message 1 has no role, for it is no JSON object"),
        ({"speaker": "me", "text": "Hi"}, "message 1 has no role .it has speaker, text."),
        ({"role": 5, "content": "Hi"}, "message 1 has no role"),
        ({"role": "human", "content": "Hi"}, "message 1 has the role 'human', which is none of system, .*: rename it"),
        ({"from": "alice", "value": "Hi"}, "message 1 is from 'alice', which is none of system, human, .*: rename it"),
        (
            {"from": "gpt", "value": ["Hi", 5]},
            "message 1 .assistant. has no text as its content, but a part of type 'None'",
        ),
        ({"from": "function_call", "value": "find()"}, "message 1 is a function_call whose value is not JSON"),
        ({"role": "user"}, "message 1 .user. has no text as its content"),
        ({"role": "user", "content": {"text": "Hi"}}, "message 1 .user. has no text as its content"),
        ({"role": "user", "content": [{"type": "image_url"}]}, "but a part of type 'image_url': only text is read"),
        ({"role": "assistant", "content": "Hi", "weight": 0.5}, "has the weight 0.5: only 0 and 1 are possible"),
        ({"role": "assistant", "content": "Hi", "weight": True}, "has the weight true"),
        ({"role": "assistant", "content": "Hi", "weight": "0"}, 'has the weight "0"'),
        ({"role": "user", "content": "Hi", "weight": 1}, "only the assistant's messages are taught"),
        ({"role": "assistant", "content": "Hi", "tool_calls": {}}, "message 1 has tool_calls that are no list"),
        ({"role": "assistant", "tool_calls": ["find"]}, "message 1 calls a tool without a name"),
        ({"role": "assistant", "tool_calls": [{"function": "find"}]}, "message 1 calls a tool without a name"),
        ({"role": "assistant", "function_call": "find"}, "message 1 calls a tool without a name"),
        ({"role": "assistant", "tool_calls": [{"name": "f", "arguments": "[1]"}]}, "arguments that are no JSON object"),
        ({"role": "assistant", "tool_calls": [{"name": "f", "arguments": "x"}]}, "arguments that are no JSON object"),
        ({"role": "user", "content": "Hi", "tool_calls": [CALL]}, "calls a tool, which only the assistant does"),
        ({"role": "tool", "content": "wet", "tool_call_id": 7}, "has a tool_call_id that is no text"),
    ],
)
def test_what_is_malformed_says_why(message: Any, why: str) -> None:
    with pytest.raises(MalformedError, match=why):
        read(message)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("[{'role': 'user', 'content': 'Hi'}]", "messages is not JSON .*: it is a list as Python prints it"),
        ('[{"role": "user"', "messages is not JSON"),
        ('{"role": "user", "content": "Hi"}', "messages is not a list"),
        (None, "messages is not a list"),
        ("[]", "the conversation has no message"),
        ("[" * 100_000, "messages is not JSON"),
    ],
)
def test_what_is_no_list_of_messages(text: str | None, why: str) -> None:
    with pytest.raises(MalformedError, match=why):
        read_messages(text)


@pytest.mark.parametrize("text", [None, "", "null", "[]"])
def test_no_tools(text: str | None) -> None:
    assert read_tools(text) is None


def test_tools_get_the_form_that_a_server_is_given() -> None:
    whole = {"type": "function", "function": SCHEMA}
    assert read_tools(json.dumps([SCHEMA, whole, {"function": SCHEMA}])) == [whole] * 3


@pytest.mark.parametrize(
    ("tools", "why"),
    [
        (["find"], 'tool 1 of tools is no JSON Schema of a function but "find": give'),
        ([SCHEMA, None], "tool 2 of tools is no JSON Schema of a function but null"),
        ([{"name": None}], "tool 1 of tools is no JSON Schema"),
        ([{"function": "find"}], "tool 1 of tools is no JSON Schema"),
        (
            [{"name": "find", "parameters": ["place"]}],
            "tool 1 of tools .'find'. has parameters that are no JSON Schema",
        ),
        ({"name": "find"}, "tools is not a list"),
        ("find", "tools is not a list"),
    ],
)
def test_tools_that_are_no_schemas(tools: Any, why: str) -> None:
    with pytest.raises(MalformedError, match=why):
        read_tools(json.dumps(tools))


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-2, 2) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "role",
                    "content",
                    "from",
                    "value",
                    "weight",
                    "tool_calls",
                    "function",
                    "name",
                    "arguments",
                    "type",
                    "text",
                ]
            ),
            inner | st.sampled_from(["user", "assistant", "gpt", "human", "function_call", "text", "{}"]),
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(st.lists(VALUES, max_size=3), st.none() | st.lists(VALUES, max_size=2))
def test_any_json_is_read_or_malformed(messages: list[Any], tools: list[Any] | None) -> None:
    try:
        found = parse(json.dumps(messages), json.dumps(tools))
    except MalformedError:
        return
    assert all(isinstance(message.get("content", ""), str) for message in found.messages)
    assert parse(json.dumps(found.messages), json.dumps(found.tools)) == found
