"""The answers that a judge has given, one JSON line each: no question is paid for twice, and a kill loses nothing."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from shipworthy.core import json_lines
from shipworthy.core.files import sha256_of_json

FILE = "judge_answers.jsonl"


@dataclass(frozen=True)
class Answer:
    """A judge's answer to one question.

    Attributes:
        text: of the reply.
        model: what the endpoint says has answered.
        tokens_in, tokens_out: of question and reply, as the endpoint counts them, else estimated.
    """

    text: str
    model: str
    tokens_in: int
    tokens_out: int


def key_of(
    identity: Mapping[str, Any],
    parameters: Mapping[str, Any],
    prompt: Mapping[str, Any],
    messages: Sequence[Mapping[str, str]],
    draw: int,
) -> str:
    """What an answer belongs to: who is asked, how, by which prompt, what, and the number of the draw (from 0)."""
    return sha256_of_json(
        {"judge": identity, "parameters": parameters, "prompt": prompt, "messages": messages, "draw": draw}
    )


class Answers:
    """Those of a file; several processes may add to it at once.

    Args:
        path: of the file; made with the first answer.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._known: dict[str, Answer] = {}
        for line in json_lines.read(path):
            try:
                found = Answer(**{name: line[name] for name in Answer.__dataclass_fields__})
                self._known.setdefault(line["key"], found)
            except KeyError:
                continue  # of another version, or torn

    def get(self, key: str) -> Answer | None:
        """The answer to a question, if it was given."""
        return self._known.get(key)

    def add(self, key: str, answer: Answer) -> None:
        """Keeps an answer; it is on the disk when this returns."""
        self._known[key] = answer
        json_lines.append(self.path, {"key": key, **asdict(answer)})
