"""The model of this package: a row is read as for training, and a transformer with a head is asked."""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import torch
from transformers import AutoModelForSequenceClassification, AutoTokenizer

from shipworthy.models.prompt import Prompt


class Classifier:
    """The network, its tokenizer, and what its scores mean.

    Attributes:
        columns: of a row, those that the model looks at.
    """

    def __init__(self, folder: Path) -> None:
        self.head = json.loads((folder / "head.json").read_text(encoding="utf-8"))
        self.prompt = Prompt(self.head["template"])
        self.columns = self.prompt.columns
        self.tokenizer = AutoTokenizer.from_pretrained(str(folder / "network"), trust_remote_code=False)
        self.network = AutoModelForSequenceClassification.from_pretrained(str(folder / "network")).eval()

    def predict(self, rows: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
        """Of each row {"prediction": the most likely class, "probabilities": class → probability}, or a number.

        Raises:
            ValueError: a row lacks a column.
        """
        return [self._one(row) for row in rows]

    def _one(self, row: Mapping[str, Any]) -> dict[str, Any]:
        if missing := [name for name in self.columns if name not in row]:
            raise ValueError(f"a row lacks {missing[0]}; it needs {', '.join(self.columns)}")
        ids = self.tokenizer(self.prompt.fill(row), truncation=True, max_length=self.head["max_length"])["input_ids"]
        with torch.inference_mode():
            scores = self.network(input_ids=torch.tensor([ids or [self.head["filler"]]])).logits[0].double()
        if not self.head["classes"]:
            return {"prediction": self.head["mean"] + self.head["deviation"] * float(scores[0])}
        shares = dict(zip(self.head["classes"], scores.softmax(0).tolist(), strict=True))
        return {"prediction": max(shares, key=shares.__getitem__), "probabilities": shares}


def load(folder: Path) -> Classifier:
    """The model of a package."""
    return Classifier(folder)
