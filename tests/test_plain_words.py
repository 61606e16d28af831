"""What a user reads is in plain words: messages, pages, documents and the comments of recipes."""

from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.plain_words import ODD, odd, said

SOURCES = sorted(path for folder in ("src", "extensions", "hydra_plugins") for path in (ROOT / folder).rglob("*.py"))
TEXTS = sorted(
    [
        ROOT / "README.md",
        *(ROOT / "docs").glob("*.md"),
        ROOT / "slurm" / "README.md",
        *(ROOT / "src").rglob("*.j2"),
        *(ROOT / "src").rglob("*.js"),
        *(ROOT / "conf").rglob("*.yaml"),
        *(ROOT / "extensions").rglob("*.yaml"),
    ]
)


def test_messages_are_in_plain_words() -> None:
    found = [
        f"{path.relative_to(ROOT)}, line {line}: {one}"
        for path in SOURCES
        for line, text in said(path)
        for one in odd(text)
    ]
    assert not found, "\n".join(found)


@pytest.mark.parametrize("path", TEXTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_pages_and_documents_are_in_plain_words(path: Path) -> None:
    lines = enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
    found = [f"line {number}: {one}" for number, text in lines for one in odd(text)]
    assert not found, "\n".join(found)


def test_what_is_odd_is_found(tmp_path: Path) -> None:
    source = tmp_path / "one.py"
    source.write_text('"""It stands in a file."""\nsay(f"asked to stop by {name}: done")\n', encoding="utf-8")
    ((line, text),) = said(source)
    assert line == 2 and odd(text) == [f"'asked to stop by': write {ODD['asked to stop by']}"]
    assert not odd("It is in a file, and differs from the other one.")
