"""The tokens that the model was trained on are the tokens that the serving engine makes: checked, row by row."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import polars as pl

from shipworthy.core.errors import ShipworthyError
from shipworthy.evaluation.tasks.text_to_text.schema import TextToText
from shipworthy.models.causal_lm.questions import questions
from shipworthy.optimize.engines.llamacpp.toolchain import Toolchain


def requests(task: TextToText, rows: pl.DataFrame) -> list[dict[str, Any]]:
    """What a client sends for each row: messages, and tools where there are some."""
    return [asked.request for asked in questions(task, rows)]


def check(task: TextToText, rows: pl.DataFrame, gguf: Path, toolchain: Toolchain, what: str) -> dict[str, Any]:
    """Compares the engine's ids with the frozen `prompt_ids` of every row.

    Returns:
        {"rows": n, "equal": n}

    Raises:
        ShipworthyError: they differ; the first row that does is in the message.
    """
    engine = toolchain.prompt_ids(gguf, requests(task, rows), what)
    return compare(rows["id"].to_list(), rows["prompt_ids"].to_list(), engine, gguf.name)


def compare(
    names: Sequence[Any], trained: Sequence[Sequence[int]], engine: Sequence[Sequence[int]], file: str
) -> dict[str, Any]:
    """The same, of ids that are there already."""
    for name, ours, theirs in zip(names, trained, engine, strict=True):
        if list(ours) != list(theirs):
            place = next(
                (i for i, (a, b) in enumerate(zip(ours, theirs, strict=False)) if a != b), min(len(ours), len(theirs))
            )
            raise ShipworthyError(
                f"The serving engine tokenizes row {name} differently from training: from token {place} on, {file} "
                f"makes {list(theirs[place : place + 8])} of it where the dataset has {list(ours[place : place + 8])} "
                f"(all: {list(theirs)} and {list(ours)}); the template or the tokenizer changed on the way: "
                "prepare the dataset and train again with the same model."
            )
    return {"rows": len(names), "equal": len(names)}
