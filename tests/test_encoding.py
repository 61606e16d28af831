"""What is read and written as text is UTF-8, whatever the locale says; ruff's PLW1514 sees only some of the calls."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import ROOT

METHODS = {"read_text": 1, "write_text": 2}
"""Methods of Path, and how many arguments they have where the encoding is given by place."""


def is_python(path: Path) -> bool:
    if path.suffix:
        return path.suffix == ".py"
    with path.open("rb") as file:
        return b"python" in file.readline(80)


def sources() -> Iterator[Path]:
    for folder in ("src", "extensions", "scripts", "slurm", "hydra_plugins"):
        for path in sorted((ROOT / folder).rglob("*")):
            if path.is_file() and not {"__pycache__", "tests"} & set(path.parts[len(ROOT.parts) :]) and is_python(path):
                yield path


def unspecified(tree: ast.AST) -> Iterator[int]:
    """The lines of calls that leave the encoding to the locale."""
    for call in ast.walk(tree):
        if not isinstance(call, ast.Call):
            continue
        given = {keyword.arg for keyword in call.keywords}
        name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
        if name in METHODS and "encoding" not in given and len(call.args) < METHODS[name]:
            yield call.lineno
        if "encoding" not in given and any(
            keyword.arg in ("text", "universal_newlines") and getattr(keyword.value, "value", None) is True
            for keyword in call.keywords
        ):
            yield call.lineno
        if name == "open" and "encoding" not in given and "mode" not in given and not _binary(call):
            yield call.lineno


def _binary(call: ast.Call) -> bool:
    """Whether an open() is of bytes, or of something else than a file: it has no mode of a text file."""
    modes = [one.value for one in call.args if isinstance(one, ast.Constant) and isinstance(one.value, str)]
    if isinstance(call.func, ast.Name) and not modes:
        return False
    return not any(re.fullmatch(r"[rwax]\+?t?", mode) for mode in modes)


@pytest.mark.parametrize("path", sources(), ids=lambda path: str(path.relative_to(ROOT)))
def test_a_file_is_utf_8_whatever_the_locale(path: Path) -> None:
    lines = sorted(set(unspecified(ast.parse(path.read_text(encoding="utf-8")))))
    assert not lines, f"{path.relative_to(ROOT)}, lines {lines}: give encoding='utf-8'"


def test_the_check_sees_what_leaves_it_to_the_locale() -> None:
    seen = (
        "p.read_text()",
        "(a / b).read_text()",
        "p.write_text(x)",
        "open(p, 'w')",
        "p.open('r')",
        "run(c, text=True)",
    )
    for text in seen:
        assert list(unspecified(ast.parse(text))) == [1], text
    for text in (
        "p.read_text(encoding='utf-8')",
        "p.open('rb')",
        "store.open(variant)",
        "run(c)",
        "tar.open(p)",
    ):
        assert list(unspecified(ast.parse(text))) == [], text
