"""Random answers and predictions, with ties, rare classes, and labels and classes that only one side has."""

import json

import numpy as np

from shipworthy.models.probabilities import of_rows
from shipworthy.models.protocol import Prediction

CLASSES = ("bird", "cat", "dog", "a very rare 'ünïcorn'")
SHARES = np.array([0.5, 0.3, 0.17, 0.03])


def classes(seed: int, n: int, kinds: int = 4) -> tuple[list[Prediction], list[str]]:
    """Probabilities in steps of a tenth, so that many are equal; their sum is 1."""
    draws = np.random.default_rng(seed)
    names, shares = CLASSES[:kinds], SHARES[:kinds] / SHARES[:kinds].sum()
    answers = [names[i] for i in draws.choice(kinds, size=n, p=shares)]
    table = draws.multinomial(10, shares, size=n) / 10
    for row, answer in zip(table, answers, strict=True):
        if draws.random() < 0.5:
            top = row.argmax()
            row[[top, names.index(answer)]] = row[[names.index(answer), top]]
    texts = [names[i] for i in table.argmax(axis=1)]
    known = of_rows(names, table)
    return [Prediction(text, p) for text, p in zip(texts, known, strict=True)], answers


LABELS = ("x", "y", "z", "w, w")


def labels(seed: int, n: int) -> tuple[list[Prediction], list[str]]:
    """Every label is in some answer."""
    draws = np.random.default_rng(seed)
    truth = draws.random((n, len(LABELS))) < 0.3
    truth[0] = True
    known = np.round((draws.random(truth.shape) + truth) / 2, 1)

    def written(row: np.ndarray) -> str:
        return json.dumps([label for label, there in zip(LABELS, row, strict=True) if there])

    answers = [written(row) for row in truth]
    return [Prediction(written(row > 0.5), p) for row, p in zip(known, of_rows(LABELS, known), strict=True)], answers


def numbers(seed: int, n: int) -> tuple[list[Prediction], list[str]]:
    """Whole numbers around a million, so that some are equal."""
    draws = np.random.default_rng(seed)
    right = 1_000_000 + draws.integers(-5, 6, size=n)
    said = right + draws.integers(-3, 4, size=n)
    return [Prediction(str(one), number=float(one)) for one in said], [str(one) for one in right]


WORDS = ["the", "cat", "sat,", "on", "a", "mat.", "Über", "don't", "42", "猫", "x\u200b", "\n", "", "🦄"]


def texts(seed: int, n: int) -> tuple[list[Prediction], list[str]]:
    """Of none to a dozen words; half of the predictions resemble their answers."""
    draws = np.random.default_rng(seed)
    answers = [" ".join(draws.choice(WORDS, size=draws.integers(0, 12))) for _ in range(n)]
    said = [
        answer.replace("cat", "dog").upper() if draws.random() < 0.5 else " ".join(draws.choice(WORDS, size=5))
        for answer in answers
    ]
    return [Prediction(text) for text in said], answers
