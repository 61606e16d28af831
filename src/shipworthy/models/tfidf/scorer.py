"""What a linear model says of a text's words. It needs Python alone: packages carry this file."""

import json
import math
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from shipworthy.models.prompt import Prompt

FILE = "tfidf.json"
WORD = re.compile(r"\w+")


def terms(text: str, longest: int) -> Iterator[str]:
    """The words of a text in lower case, and the runs of 2 to `longest` of them, joined by spaces."""
    words = WORD.findall(text.lower())
    for size in range(1, longest + 1):
        for start in range(len(words) - size + 1):
            yield " ".join(words[start : start + size])


class Scorer:
    """Weights of words; of K classes, K rows of weights, or one where there are two; of K labels always K.

    Attributes:
        saved: template, longest run of words, classes in sorted order, or labels instead, biases (K), and term → [idf,
            weights (K)].
        names: of the classes, or of the labels.
        columns: those of a row that the template names.
    """

    def __init__(self, saved: Mapping[str, Any]) -> None:
        self.saved = saved
        self.names: list[str] = saved["classes"] if "classes" in saved else saved["labels"]
        self.prompt = Prompt(saved["template"])
        self.columns = self.prompt.columns

    def predict(self, rows: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
        """Of each row {"prediction": the most likely class, "probabilities": class → probability}.

        Of labels the prediction is a list of the likely ones.

        Raises:
            ValueError: a row lacks a column.
        """
        answers = []
        for row in rows:
            shares = dict(zip(self.names, self.shares(row), strict=True))
            best = max(shares, key=shares.__getitem__)  # of equals the first
            likely = [label for label, share in shares.items() if share > 0.5]
            answers.append({"prediction": likely if "labels" in self.saved else best, "probabilities": shares})
        return answers

    def shares(self, row: Mapping[str, Any]) -> list[float]:
        """The probability of each class, in their order, together 1; of labels that of each on its own.

        Raises:
            ValueError: the row lacks a column.
        """
        logits = self._logits(self._text(row))
        if "labels" in self.saved:
            return [logistic(logit) for logit in logits]
        if len(logits) == 1:
            second = logistic(logits[0])
            return [1 - second, second]
        highest = max(logits)
        powers = [math.exp(logit - highest) for logit in logits]
        whole = sum(powers)
        return [power / whole for power in powers]

    def _text(self, row: Mapping[str, Any]) -> str:
        if missing := [name for name in self.columns if name not in row]:
            raise ValueError(f"a row lacks {missing[0]}; it needs {', '.join(self.columns)}")
        return str(self.prompt.fill(row))

    def _logits(self, text: str) -> list[float]:
        """Sublinear term frequency times idf, of length 1, times the weights; terms that train lacked do not count."""
        known, logits = self.saved["terms"], list(self.saved["bias"])
        counts = Counter(term for term in terms(text, self.saved["longest"]) if term in known)
        values = {term: (1 + math.log(n)) * known[term][0] for term, n in counts.items()}
        length = math.hypot(*values.values()) or 1.0
        for term, value in values.items():
            for k, weight in enumerate(known[term][1:]):
                logits[k] += value / length * weight
        return logits


def logistic(logit: float) -> float:
    """1 / (1 + exp(-logit)), in a form that does not overflow."""
    return 0.5 + 0.5 * math.tanh(logit / 2)


def load(folder: Path) -> Scorer:
    """The model that was saved in `folder`."""
    return Scorer(json.loads((folder / FILE).read_text(encoding="utf-8")))
