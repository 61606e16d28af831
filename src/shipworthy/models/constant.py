"""One number for all rows. It needs Python alone: packages carry this file."""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

FILE = "constant.json"


class Constant:
    """A number, whatever is asked.

    Attributes:
        columns: those of a row that it looks at: none.
    """

    def __init__(self, number: float) -> None:
        self.number = number
        self.columns: list[str] = []

    def predict(self, rows: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
        """Of each row {"prediction": the number}."""
        return [{"prediction": self.number} for _ in rows]


def write(number: float, folder: Path) -> None:
    """One JSON file."""
    (folder / FILE).write_text(json.dumps({"number": number}) + "\n", encoding="utf-8")


def load(folder: Path) -> Constant:
    """The number that was saved in `folder`."""
    return Constant(json.loads((folder / FILE).read_text(encoding="utf-8"))["number"])
