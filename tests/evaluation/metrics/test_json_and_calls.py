"""JSON and calls of tools in what a model writes."""

import json

import pytest

from shipworthy.core.errors import UsageError
from shipworthy.core.schema import from_plain
from shipworthy.evaluation.metric import metric
from shipworthy.evaluation.metrics._calls import calls
from shipworthy.evaluation.tasks.text_to_text.schema import TextToText
from tests.evaluation.metrics.reference import task, told

TASK = task("text_to_text")


@pytest.mark.parametrize(
    ("text", "valid"),
    [
        (' {"a": [1, null, "ü"]}\n', True),
        ("3", True),
        ('""', True),
        ("", False),
        ("{'a': 1}", False),
        ('{"a": NaN}', False),
        ("Infinity", False),
        ('```json\n{"a": 1}\n```', False),
        ('{"a": 1} and more', False),
        ("[" * 100_000, False),
    ],
)
def test_valid_json(text: str, valid: bool) -> None:
    assert metric("json_valid").score(TASK, told(text), [""]).tolist() == [valid]


@pytest.mark.parametrize(
    ("said", "share"),
    [
        ('{"b": {"d": [1, 2], "c": 1.0}, "a": "x"}', 1.0),
        ('{"a": "x", "b": {"c": 1}}', 2 / 3),
        ('{"a": "x", "b": {"c": true, "d": [1, 2]}}', 2 / 3),
        ('{"a": "x", "b": {"c": 1, "d": [2, 1]}}', 2 / 3),
        ('{"a": "x", "b": {"c": 1, "d": [1, 2]}, "e": 0}', 3 / 4),
        ('{"a": "X", "b": 5}', 0.0),
        ("{}", 0.0),
        ("[1]", 0.0),
        ("no JSON", 0.0),
        ('{"a": "x", "b": {"c": NaN, "d": [1, 2]}}', 0.0),
    ],
)
def test_fields(said: str, share: float) -> None:
    answer = '{"a": "x", "b": {"c": 1, "d": [1, 2]}}'
    assert metric("json_fields").score(TASK, told(said), [answer]) == pytest.approx([share])


def test_json_that_is_no_object_is_one_field() -> None:
    answers = ["[1, 2]", "{}", '{"a": {}}', "null"]
    assert metric("json_fields").score(TASK, told(*answers), answers).tolist() == [1.0] * 4
    assert metric("json_fields").score(TASK, told("[1]", "[]", '{"a": []}', "0"), answers).tolist() == [0.0] * 4


def test_fields_ask_for_answers_in_json() -> None:
    with pytest.raises(UsageError, match="json_fields compares JSON, and an answer is none .*: 'GetItem'; choose"):
        metric("json_fields").score(TASK, told("{}"), ["GetItem"])


ORDER = {
    "type": "object",
    "required": ["item"],
    "properties": {"item": {"$ref": "#/$defs/name"}, "count": {"type": "integer", "minimum": -1}},
    "additionalProperties": False,
    "$defs": {"name": {"type": "string", "pattern": "^[a-z]+$"}},
}


@pytest.mark.parametrize(
    ("said", "valid"),
    [
        ('{"item": "shoe", "count": -1}', True),
        ('{"count": 2.0, "item": "shoe"}', True),
        ('{"item": "Shoe"}', False),
        ('{"item": "shoe", "count": -2}', False),
        ('{"item": "shoe", "price": 1}', False),
        ('{"count": 1}', False),
        ("[]", False),
        ("shoe", False),
        ('```json\n{"item": "shoe"}\n```', False),
    ],
)
def test_json_of_a_schema(said: str, valid: bool) -> None:
    assert metric("json_schema").score(text_to_text(schema=ORDER), told(said), [""]).tolist() == [valid]


def test_nothing_that_a_schema_refers_to_is_fetched() -> None:
    of = text_to_text(schema={"$ref": "https://example.invalid/order.json"})
    with pytest.raises(
        UsageError, match=r"task.schema refers to https://example.invalid/order.json, which it does not"
    ):
        metric("json_schema").score(of, told("{}"), [""])


def text_to_text(**more: object) -> TextToText:
    plain = {
        "name": "t",
        "description": "d",
        "baselines": ["majority"],
        "prompt": "{x}",
        "metric": "json_schema",
        **more,
    }
    return from_plain(TextToText, plain, "task")


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({}, "task.metric=json_schema needs task.schema: set it, or choose another metric."),
        (
            {"metric": "exact_match", "schema": ORDER},
            "task.schema has no effect, for no metric of the task reads it: leave it out.",
        ),
        (
            {"schema": {"properties": {"a": {"type": "text"}}}},
            "task.schema is no JSON Schema at $.properties.a.type: 'text' is not valid under any of the given schemas; "
            "correct it.",
        ),
    ],
)
def test_a_schema_is_one_and_is_needed(settings: dict[str, object], sentence: str) -> None:
    with pytest.raises(UsageError) as refused:
        text_to_text(**settings)
    assert str(refused.value) == sentence


QWEN = '<tool_call>\n{"name": "find", "arguments": {"city": "Ulm", "near": [1, 2]}}\n</tool_call>'


@pytest.mark.parametrize(
    "text",
    [
        QWEN,
        '{"name": "find", "parameters": {"near": [1.0, 2], "city": "Ulm"}}',
        "I look [it] up.\n" + QWEN,
        '[TOOL_CALLS] [{"name": "find", "arguments": {"city": "Ulm", "near": [1, 2]}}]</s>',
        json.dumps({"function": {"name": "find", "arguments": '{"city": "Ulm", "near": [1, 2]}'}, "id": "c1"}),
    ],
)
def test_a_call_is_read_as_templates_write_it(text: str) -> None:
    assert calls(text) == [("find", {"city": "Ulm", "near": [1, 2]})]
    assert metric("tool_call").score(TASK, told(text), [QWEN]).tolist() == [True]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "find(city='Ulm')",
        '{"name": "find"}',
        '{"name": "Ulm", "arguments": "none"}',
        '{"name": 3, "arguments": {}}',
        '<tool_call>\n{"name": "find", "arguments": {"city": "Ulm"',
        "[" * 30_000,
        "{" * 30_000,
    ],
)
def test_what_is_no_call(text: str) -> None:
    assert calls(text) == []
    for name in ("tool_call", "tool_name"):
        assert metric(name).score(TASK, told(text), [QWEN]).tolist() == [False]


def call(name: str, **arguments: object) -> str:
    return f"<tool_call>\n{json.dumps({'name': name, 'arguments': arguments})}\n</tool_call>"


@pytest.mark.parametrize(
    ("said", "answer", "right", "named"),
    [
        (call("f", a=1, b=2), call("f", b=2, a=1), True, True),
        (call("f", a=1), call("f", a=2), False, True),
        (call("f", a=1), call("f", a=True), False, True),
        (call("f"), call("g"), False, False),
        (call("f") + call("g", a=1), call("g", a=1) + call("f"), True, True),
        (call("f") + call("f"), call("f"), False, False),
        (call("f", a=1) + call("f", a=True), call("f", a=True) + call("f", a=1), True, True),
        (call("f"), "I don't know.", False, False),
        ("Nor do I.", "I don't know.", True, True),
    ],
)
def test_calls_of_tools(said: str, answer: str, right: bool, named: bool) -> None:
    for name, expected in {"tool_call": right, "tool_name": named}.items():
        assert metric(name).score(TASK, told(said, call("h")), [answer, call("h")]).tolist() == [expected, True]


@pytest.mark.parametrize("name", ["tool_call", "tool_name"])
def test_answers_without_any_call_are_refused(name: str) -> None:
    with pytest.raises(UsageError, match=f"Metric {name} finds no call of a tool in any answer"):
        metric(name).score(TASK, told("a", "b"), ["a", "b"])
