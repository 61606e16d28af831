"""A text in which {column} stands for a column, filled in with rows. It needs Python alone: packages carry this file.

One rule: between braces stands the name of a column, which is anything without braces (white space around it is no part
of it, as in every file); {{ and }} are braces. There is no other syntax: neither format specs, nor attributes, nor
numbers.
"""

import json
import re
from collections.abc import Mapping
from typing import Any

TOKEN = re.compile(r"\{\{|\}\}|\{([^{}]*)\}|[{}]")
SHOWN = 24
"""How much of the text a message shows before and behind a place (characters)."""


class PromptError(ValueError):
    """The text breaks the rule; the message says where."""


class Prompt:
    """A parsed text.

    Attributes:
        text: as it was written.
        parts: what comes before each column, and its name; the last part has no column (None).
        columns: the names, in the order of the text, each once.

    Raises:
        PromptError: a brace that is neither doubled nor around a name.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        self.parts: list[tuple[str, str | None]] = []
        literal, end = "", 0
        for found in TOKEN.finditer(text):
            literal, end = literal + text[end : found.start()], found.end()
            if name := (found[1] or "").strip():
                self.parts.append((literal, name))
                literal = ""
            elif found[0] in ("{{", "}}"):
                literal += found[0][0]
            else:
                raise PromptError(_stray(text, found))
        self.parts.append((literal + text[end:], None))
        self.columns = list(dict.fromkeys(name for _, name in self.parts if name is not None))

    def fill(self, row: Mapping[str, Any]) -> str:
        """The text with a row's values; nothing stands where a value is missing.

        Raises:
            KeyError: the row lacks a column.
        """
        return "".join(literal + ("" if name is None else as_text(row[name])) for literal, name in self.parts)


def as_text(value: Any) -> str:
    """What a value is in a text: itself; empty where it is missing; true and false; lists and objects as JSON."""
    if value is None:
        return ""
    if isinstance(value, bool | list | dict):
        return json.dumps(value, ensure_ascii=False)
    return str(value)


def _stray(text: str, found: "re.Match[str]") -> str:
    start, stop = max(0, found.start() - SHOWN), found.end() + SHOWN
    place = ("…" if start else "") + text[start:stop] + ("…" if stop < len(text) else "")
    what = "a pair of braces without a name" if found[1] is not None else f"a brace, {found[0]}, without its other one"
    return f"has {what} at character {found.start() + 1}, in '{place}': double a brace that is meant ({{{{ or }}}})"
