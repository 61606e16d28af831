"""From which probability on a row is of the positive class. It needs Python alone: packages carry this file."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

FILE = "decision.json"


@dataclass(frozen=True)
class Decision:
    """How two classes are told apart by their probabilities, where not the more likely one is meant.

    Attributes:
        positive, negative: the classes.
        threshold: from which probability of the positive class on it is the answer (0 to 1).
    """

    positive: str
    negative: str
    threshold: float

    def answer(self, probabilities: Mapping[str, float]) -> str:
        """The class that a row with these probabilities is of."""
        return self.positive if probabilities[self.positive] >= self.threshold else self.negative


def write(decision: Decision, folder: Path) -> None:
    """Saves it beside the model whose answers it gives."""
    (folder / FILE).write_text(json.dumps(asdict(decision), ensure_ascii=False) + "\n", encoding="utf-8")


def read(folder: Path) -> Decision | None:
    """That of the model which was saved in `folder`; None where the most likely class is the answer."""
    if not (folder / FILE).is_file():
        return None
    return Decision(**json.loads((folder / FILE).read_text(encoding="utf-8")))
