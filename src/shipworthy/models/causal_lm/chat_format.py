"""Reads a row's messages and tools as files have them, and gives them in Hugging Face's chat format.

Read are OpenAI's format (arguments of calls as JSON text, content in parts, `weight`, the older `function_call`),
Hugging Face's, and ShareGPT's `from` and `value`, as axolotl and LLaMA-Factory have them. Anything else is malformed,
with the reason.
"""

import json
from collections.abc import Mapping
from typing import Any

Message = dict[str, Any]
"""As in Hugging Face's chat format: role, content, and of tools tool_calls, tool_call_id, name; a `weight` of 0."""
ASSISTANT = "assistant"
ROLES = ("system", "developer", "user", ASSISTANT, "tool", "ipython")
SHAREGPT = {
    "system": "system",
    "human": "user",
    "user": "user",
    "gpt": ASSISTANT,
    "chatgpt": ASSISTANT,
    ASSISTANT: ASSISTANT,
    "function_call": ASSISTANT,
    "tool": "tool",
    "observation": "tool",
    "function_response": "tool",
}
"""Whom ShareGPT's `from` names: our role."""
SCHEMA = '{"type": "function", "function": {"name": …, "description": …, "parameters": {…}}}'


class MalformedError(ValueError):
    """What is in a row is no conversation; the text says why."""


def read_messages(text: str | None) -> list[Message]:
    """The messages of JSON text.

    Raises:
        MalformedError: it is no list of messages.
    """
    found = [_message(number, message) for number, message in enumerate(_list(text, "messages"), 1)]
    if not found:
        raise MalformedError("the conversation has no message")
    return found


def read_tools(text: str | None) -> list[dict[str, Any]] | None:
    """The functions of JSON text, each as `{"type": "function", "function": …}` (None: there are none).

    Raises:
        MalformedError: it is no list of JSON Schemas.
    """
    if not text or text.strip() == "null":
        return None
    return [_tool(number, tool) for number, tool in enumerate(_list(text, "tools"), 1)] or None


def _list(text: str | None, what: str) -> list[Any]:
    try:
        found = json.loads(text or "null")
    except (ValueError, RecursionError) as error:
        hint = ": it is a list as Python prints it, write it with json.dumps" if "'" in str(text)[:3] else ""
        raise MalformedError(f"{what} is not JSON ({error}){hint}") from error
    if not isinstance(found, list):
        raise MalformedError(f"{what} is not a list")
    return found


def _message(number: int, message: Any) -> Message:
    if not isinstance(message, Mapping):
        raise MalformedError(f"message {number} has no role, for it is no JSON object")
    if "role" not in message and "from" in message:
        message = _of_sharegpt(number, message)
    role = message.get("role")
    if not isinstance(role, str):
        raise MalformedError(f"message {number} has no role (it has {', '.join(map(str, message)) or 'nothing'})")
    kept = {key: value for key, value in message.items() if value is not None}
    if role == "function":  # OpenAI's older name of a tool
        role = kept["role"] = "tool"
    if role not in ROLES:
        raise MalformedError(f"message {number} has the role '{role}', which is none of {', '.join(ROLES)}: rename it")
    for name in ("name", "tool_call_id"):
        if not isinstance(kept.get(name, ""), str):
            raise MalformedError(f"message {number} ({role}) has a {name} that is no text")
    kept = _with_weight(number, kept)
    calls = _calls(number, kept)
    kept = {key: value for key, value in kept.items() if key not in ("tool_calls", "function_call")}
    if calls:
        kept["tool_calls"] = calls
    if "content" in kept or not calls:
        kept["content"] = _text(number, role, kept.get("content"))
    return kept


def _of_sharegpt(number: int, message: Mapping[str, Any]) -> Message:
    """A message of ShareGPT's format, `from` and `value`."""
    told, value = message["from"], message.get("value")
    if not isinstance(told, str) or told not in SHAREGPT:
        raise MalformedError(
            f"message {number} is from '{told}', which is none of {', '.join(SHAREGPT)}: rename it, or write role and "
            "content"
        )
    rest = {key: one for key, one in message.items() if key not in ("from", "value")}
    if told != "function_call":
        return {"role": SHAREGPT[told], "content": value, **rest}
    try:
        calls = json.loads(value) if isinstance(value, str) else value
    except ValueError as error:
        raise MalformedError(f"message {number} is a function_call whose value is not JSON ({error})") from error
    return {"role": ASSISTANT, "tool_calls": calls if isinstance(calls, list) else [calls], **rest}


def _with_weight(number: int, message: Message) -> Message:
    """OpenAI's `weight`: 0 says that a message of the assistant is not taught; 1, that it is, is left out."""
    if "weight" not in message:
        return message
    weight, role = message["weight"], message["role"]
    if isinstance(weight, bool) or weight not in (0, 1):
        raise MalformedError(
            f"message {number} ({role}) has the weight {json.dumps(weight)}: only 0 and 1 are possible"
        )
    if role != ASSISTANT and weight:
        raise MalformedError(f"message {number} ({role}) has a weight, but only the assistant's messages are taught")
    rest = {key: value for key, value in message.items() if key != "weight"}
    return rest if weight or role != ASSISTANT else {**rest, "weight": 0}


def _text(number: int, role: str, content: Any) -> str:
    """A content as text; text parts are joined by line ends, as vLLM and llama.cpp do when they serve."""
    if isinstance(content, list):
        return "\n".join(_part(number, role, part) for part in content)
    if not isinstance(content, str):
        raise MalformedError(f"message {number} ({role}) has no text as its content")
    return content


def _part(number: int, role: str, part: Any) -> str:
    if isinstance(part, str):
        return part
    kind, text = (part.get("type"), part.get("text")) if isinstance(part, Mapping) else (None, None)
    if kind != "text" or not isinstance(text, str):
        raise MalformedError(
            f"message {number} ({role}) has no text as its content, but a part of type '{kind}': only text is read"
        )
    return text


def _calls(number: int, message: Message) -> list[dict[str, Any]]:
    calls = message.get("tool_calls", [])
    if not isinstance(calls, list):
        raise MalformedError(f"message {number} has tool_calls that are no list")
    if "function_call" in message:  # OpenAI's older form of a single call
        calls = [*calls, {"function": message["function_call"]}]
    if calls and message["role"] != ASSISTANT:
        raise MalformedError(f"message {number} ({message['role']}) calls a tool, which only the assistant does")
    return [_call(number, call) for call in calls]


def _call(number: int, call: Any) -> dict[str, Any]:
    function = call.get("function", call) if isinstance(call, Mapping) else None
    function = function if isinstance(function, Mapping) else {}
    arguments = function.get("arguments") or {}
    if isinstance(arguments, str):
        # As OpenAI's interface has them; templates expect the object, and would quote a text a second time.
        try:
            arguments = json.loads(arguments)
        except ValueError:
            arguments = None
    if not isinstance(function.get("name"), str) or not isinstance(arguments, Mapping):
        raise MalformedError(f"message {number} calls a tool without a name, or with arguments that are no JSON object")
    rest = {key: value for key, value in call.items() if key not in ("function", "name", "arguments")}
    return {"type": "function", **rest, "function": {"name": function["name"], "arguments": dict(arguments)}}


def _tool(number: int, tool: Any) -> dict[str, Any]:
    """A tool as OpenAI's interface wants it, which is what a server will be given; a bare function gets its cover."""
    function = tool.get("function", tool) if isinstance(tool, Mapping) else None
    name = function.get("name") if isinstance(function, Mapping) else None
    if not isinstance(function, Mapping) or not isinstance(name, str) or not name:
        shown = json.dumps(tool, ensure_ascii=False)
        raise MalformedError(f"tool {number} of tools is no JSON Schema of a function but {shown[:80]}: give {SCHEMA}")
    if not isinstance(function.get("parameters") or {}, Mapping):
        raise MalformedError(f"tool {number} of tools ('{name}') has parameters that are no JSON Schema: give {SCHEMA}")
    return {"type": "function", **tool} if "function" in tool else {"type": "function", "function": dict(tool)}
