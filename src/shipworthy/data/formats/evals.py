"""Samples of OpenAI's evals: a JSON object per line, with a conversation `input` and the `ideal` answer to its end."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from shipworthy.core.errors import ShipworthyError
from shipworthy.data.formats import jsonl
from shipworthy.data.formats.batch import Batch, Written

SPARSE = False
UNTYPED = False


def batches(path: Path, rows: int, written: Written) -> Iterator[Batch]:
    """The user's last message as `question`, and `answer`; what the other messages say is for `task.system` to say.

    Raises:
        ShipworthyError: a line is no sample.
    """
    first = 0
    for batch in jsonl.batches(path, rows, written):
        samples = zip(*(batch.columns.get(name, [None] * batch.rows) for name in ("input", "ideal")), strict=True)
        read = [_read(conversation, ideal, path, first + i) for i, (conversation, ideal) in enumerate(samples)]
        first += batch.rows
        yield Batch(batch.rows, {"question": [q for q, _ in read], "answer": [a for _, a in read]})


def _read(conversation: Any, ideal: Any, path: Path, number: int) -> tuple[str | None, str | None]:
    try:
        asked = [message["content"] for message in conversation if message["role"] == "user"]
    except (TypeError, KeyError):
        asked = [None, 0]
    if not all(isinstance(text, str) for text in asked) or not isinstance(ideal, str | None):
        raise ShipworthyError(
            f"{path} cannot be read: sample {number + 1} has not 'input', a list of messages with role and content, "
            "and 'ideal', a text."
        )
    return (asked[-1] if asked else None), ideal
