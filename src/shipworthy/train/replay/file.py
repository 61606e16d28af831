"""Rows of one's own to be replayed: JSON lines of prompts and answers."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from shipworthy.core.errors import UsageError
from shipworthy.core.files import sha256_of_file
from shipworthy.core.project import project_root
from shipworthy.train.general.suite import MEASURED, suite
from shipworthy.train.replay.schema import Replay

KEYS = {"prompt", "answer", "system"}


@dataclass(frozen=True)
class Text:
    """A row to be replayed, in words."""

    id: str
    system: str
    prompt: str
    answer: str


def inputs(config: Replay) -> dict[str, str]:
    """The file, as it is named → its hash; nothing where there is none.

    Raises:
        UsageError: there is no such file.
    """
    return {config.file: sha256_of_file(_path(config.file))} if config.file else {}


def texts(name: str) -> list[Text]:
    """The rows of a file, in its order.

    Raises:
        UsageError: a line is no such row, or asks what is measured.
    """
    measured = {item.prompt.casefold() for item in suite(MEASURED)}
    found = []
    for number, line in enumerate(_path(name).read_text(encoding="utf-8").splitlines(), 1):
        if not line.strip():
            continue
        row = _row(line, f"trainer.replay.file={name}, line {number}")
        if row["prompt"].strip().casefold() in measured:
            raise UsageError(
                f"trainer.replay.file={name}, line {number} is a question by which forgetting is measured: take it "
                "out, or the measure would say nothing."
            )
        found.append(Text(f"line-{number:06d}", row.get("system", ""), row["prompt"], row["answer"]))
    if not found:
        raise UsageError(f"trainer.replay.file={name} holds no row: write one JSON object a line.")
    return found


def _row(line: str, where: str) -> Mapping[str, str]:
    try:
        row = json.loads(line)
    except ValueError:
        row = None
    whole = isinstance(row, dict) and {"prompt", "answer"} <= row.keys() <= KEYS
    if not whole or not all(isinstance(text, str) for text in row.values()) or not row["prompt"] or not row["answer"]:
        raise UsageError(f'{where}: give an object such as {{"prompt": "…", "answer": "…"}}, both of them not empty.')
    checked: Mapping[str, str] = row
    return checked


def _path(name: str) -> Path:
    if not (path := project_root() / name).is_file():
        raise UsageError(f"trainer.replay.file={name}: there is no such file in {project_root()}.")
    return path
