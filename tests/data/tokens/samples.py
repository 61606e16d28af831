"""Tokenizers with a planted fault, and rows."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import polars as pl

from shipworthy.data.tokens.encode import Encoder
from shipworthy.evaluation.tasks.text_to_text.schema import TextToText
from shipworthy.models.causal_lm.chat import Chat
from tests.tiny import CHATML, write_tokenizer

ROWS = pl.DataFrame(
    {
        "id": ["a", "b", "c"],
        "split": ["train", "validation", "test"],
        "text": ["Deletes é x", "Lists them.", "Stops it"],
        "answer": ["DeleteX", "ListAll", "Stop"],
    }
)


def task(**change: Any) -> TextToText:
    settled = {"system": "Name it.", "prompt": "do: {text}", "max_length": 400}
    if "messages" in change:
        settled = {"max_length": 2000}
    return TextToText(name="t", description="d", baselines=["majority"], **{**settled, **change})


def chat(folder: Path, template: str = CHATML, **tokenizer: Any) -> Chat:
    write_tokenizer(folder, template, **tokenizer)
    return Chat(folder)


def encode(folder: Path, rows: pl.DataFrame = ROWS, template: str = CHATML, **change: Any) -> pl.DataFrame:
    return Encoder(task(**change), chat(folder, template))(rows)


def shared(text: str, chunks: Sequence[str]) -> list[str]:
    """What each chunk of a text shares with the one before it; fails unless they cover all of it but white space."""
    found, begin, end = [], -1, 0
    for chunk in chunks:
        place = text.find(chunk, begin + 1)
        assert place > begin and not text[end:place].strip(), f"something before '{chunk}' is left out"
        assert place + len(chunk) > end, f"there is nothing new in '{chunk}'"
        found.append(text[place:end] if place < end else "")
        begin, end = place, place + len(chunk)
    assert not text[end:].strip(), "the end is left out"
    return found[1:]
