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
    """Weights of words; of K classes, K rows of weights, or one where there are two.

    Attributes:
        saved: template, longest run of words, classes in sorted order, biases (K), and term → [idf, weights (K)].
        columns: those of a row that the template names.
    """

    def __init__(self, saved: Mapping[str, Any]) -> None:
        self.saved = saved
        self.prompt = Prompt(saved["template"])
        self.columns = self.prompt.columns

    def predict(self, rows: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
        """Of each row {"prediction": its class}, of two classes also {"score": the probability of the second}.

        Raises:
            ValueError: a row lacks a column.
        """
        return [self._answer(self._logits(self._text(row))) for row in rows]

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

    def _answer(self, logits: list[float]) -> dict[str, Any]:
        classes = self.saved["classes"]
        if len(classes) == 2:
            score = 0.5 + 0.5 * math.tanh(logits[0] / 2)  # the logistic function, which does not overflow
            return {"prediction": classes[int(score > 0.5)], "score": score}
        return {"prediction": classes[max(range(len(logits)), key=logits.__getitem__)]}


def load(folder: Path) -> Scorer:
    """The model that was saved in `folder`."""
    return Scorer(json.loads((folder / FILE).read_text(encoding="utf-8")))
