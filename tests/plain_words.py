"""Turns of phrase that no message, page or document may have, each with what to write in its place."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ODD = {
    r"asked to stop by": "stopped by SIGTERM; pruned by its campaign",
    r"flatter": "too optimistic; chance made it look better",
    r"\botherwise than\b|\b(has|says|answered|measured) otherwise\b": "differs from; differently from",
    r"sign of life": "last entry; last written at",
    r"\bpart(ed)? (at|from) step\b|they part\b|where it parted": "differ from step N on",
    r"notes? did not reach": "entries were not sent to",
    r"\bforetold\b": "predicted",
    r"\bby heart\b": "memorized",
    r"\btells? (\w+ ){0,3}apart\b": "predicts; separates; identifies",
    r"has no (effect|use) beside": "has no effect with",
    r"\bstands? in (a|an|the|its|two|both|several|\{)": "is in; are in",
    r"\bas (it|they) (stands?|stood)\b": "as it is; as they were",
    r"without a word|own last word": "without a message; its last message",
    r"nowhere to be had": "can no longer be found",
    r"was kind to|were kind to": "happened to be easier",
    r"\bis another file than\b|\bare others than\b": "is not the file that; differ from those that",
    r"\banew\b": "again; from the start",
}


def odd(text: str) -> list[str]:
    """What is odd in a text, each with a better way to put it."""
    found = ((re.search(pattern, text), better) for pattern, better in ODD.items())
    return [f"'{match[0]}': write {better}" for match, better in found if match]


def said(source: Path) -> Iterator[tuple[int, str]]:
    """The texts of a Python file that a user may read, with their lines: those of some words that are no docstrings."""
    tree = ast.parse(source.read_text(encoding="utf-8"))
    unread = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            unread |= {id(part) for part in node.values}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant | ast.JoinedStr) and id(node) not in unread:
            text = _text(node)
            if text.count(" ") >= 2:
                yield node.lineno, text


def _text(node: ast.AST) -> str:
    """Of a constant its text; of an f-string that of its fixed parts, with {…} between them."""
    if isinstance(node, ast.JoinedStr):
        return "".join(_text(part) if isinstance(part, ast.Constant) else "{…}" for part in node.values)
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""
