"""What a linear model says of a table's rows. It needs Python alone: packages carry this file."""

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

FILES = ("ridge.json", "logistic.json")
"""Where a family saves: `encoding` (encoding.Encoding), `weights`, `bias`; `classes` or `labels` if it has any."""


class Linear:
    """Weights of a table's columns: K rows of them for K labels or classes, one for two classes or for numbers.

    Attributes:
        columns: those of a row that the model looks at; one that a row lacks counts as missing.
        classes, labels: in sorted order; neither where it answers numbers.
    """

    def __init__(self, saved: Mapping[str, Any]) -> None:
        encoding = saved["encoding"]
        self.classes: list[str] = saved.get("classes", [])
        self.labels: list[str] = saved.get("labels", [])
        named = self.classes or self.labels
        self.weights: list[list[float]] = saved["weights"] if named else [saved["weights"]]
        self.bias: list[float] = saved["bias"] if named else [saved["bias"]]
        self.numbers: dict[str, list[float]] = encoding["numbers"]
        self.columns = [*encoding["categories"], *self.numbers]
        self.places: dict[str, dict[str, int]] = {}
        self.other: dict[str, int] = {}
        width = 0
        for name, known in encoding["categories"].items():
            self.places[name] = {value: width + place for place, value in enumerate(known)}
            width += len(known)
            if name in encoding["others"]:
                self.other[name] = width
                width += 1
        self.first_number = width

    def predict(self, rows: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
        """Of each row {"prediction": a class, "probabilities": class → probability}.

        Or {"prediction": the likely labels, "probabilities": label → probability}, or {"prediction": a number}.
        """
        return [self._answer(self._logits(row)) for row in rows]

    def _logits(self, row: Mapping[str, Any]) -> list[float]:
        features = list(self.features(row))
        return [
            math.fsum([bias, *(weights[place] * value for place, value in features)])
            for weights, bias in zip(self.weights, self.bias, strict=True)
        ]

    def _answer(self, logits: Sequence[float]) -> dict[str, Any]:
        if self.labels:
            shares = {label: logistic(logit) for label, logit in zip(self.labels, logits, strict=True)}
            return {"prediction": [label for label, share in shares.items() if share > 0.5], "probabilities": shares}
        if not self.classes:
            return {"prediction": logits[0]}
        shares = dict(zip(self.classes, probabilities(logits), strict=True))
        return {"prediction": max(shares, key=shares.__getitem__), "probabilities": shares}

    def features(self, row: Mapping[str, Any]) -> Iterable[tuple[int, float]]:
        """Place and value of each feature that is not 0."""
        for name, places in self.places.items():
            if (value := row.get(name)) is None:
                continue
            text = str(value).lower() if isinstance(value, bool) else str(value)
            if (place := places.get(text, self.other.get(name))) is not None:
                yield place, 1.0
        for place, (name, (median, mean, scale)) in enumerate(self.numbers.items(), self.first_number):
            value = row.get(name)
            number = math.nan if value is None else float(value)
            yield place, ((median if math.isnan(number) else number) - mean) / scale


def probabilities(logits: Sequence[float]) -> list[float]:
    """Of each class, together 1; a single logit is that of the second of two."""
    if len(logits) == 1:
        second = logistic(logits[0])
        return [1 - second, second]
    highest = max(logits)
    powers = [math.exp(logit - highest) for logit in logits]
    whole = math.fsum(powers)
    return [power / whole for power in powers]


def logistic(logit: float) -> float:
    """1 / (1 + exp(-logit)), which no logit makes overflow."""
    return 0.5 + 0.5 * math.tanh(logit / 2)


def load(folder: Path) -> Linear:
    """The model that was saved in `folder`."""
    (path,) = (folder / name for name in FILES if (folder / name).is_file())
    return Linear(json.loads(path.read_text(encoding="utf-8")))
