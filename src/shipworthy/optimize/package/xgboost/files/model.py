"""The model of this package: rows are encoded as for training, and the trees are asked."""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import xgboost

NAN = float("nan")


class Trees:
    """The trees with the codes of their categories.

    Attributes:
        columns: of a row, those that the model looks at; one that a row lacks counts as missing.
    """

    def __init__(self, folder: Path) -> None:
        saved = json.loads((folder / "columns.json").read_text(encoding="utf-8"))
        self.classes, self.labels = saved.get("classes", []), saved.get("labels", [])
        self.columns = saved["columns"]
        self.codes = {name: {value: i for i, value in enumerate(known)} for name, known in saved["categories"].items()}
        self.booster = xgboost.Booster(model_file=str(folder / "xgboost.json"))

    def encode(self, name: str, value: Any) -> float:
        """Missing, and a category that training did not have → NaN."""
        if value is None:
            return NAN
        if (codes := self.codes.get(name)) is not None:
            text = str(value).lower() if isinstance(value, bool) else str(value)
            return float(codes.get(text, NAN))
        return float(value)

    def predict(self, rows: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
        """Of each row {"prediction": the most likely class, "probabilities": class → probability}.

        Or {"prediction": the likely labels, "probabilities": label → probability}, or {"prediction": a number}, with
        "low" and "high" where the trees were taught quantiles.
        """
        table = np.array([[self.encode(name, row.get(name)) for name in self.columns] for row in rows], dtype=float)
        matrix = xgboost.DMatrix(
            table.reshape(-1, len(self.columns)),
            feature_names=[f"f{number}" for number in range(len(self.columns))],  # as the trees know them
            feature_types=["c" if name in self.codes else "q" for name in self.columns],
            enable_categorical=True,
        )
        shares = self.booster.predict(matrix).astype(float)
        if self.labels:
            return [
                {
                    "prediction": [label for label, share in zip(self.labels, row, strict=True) if share > 0.5],
                    "probabilities": dict(zip(self.labels, row, strict=True)),
                }
                for row in shares.reshape(-1, len(self.labels)).tolist()
            ]
        if not self.classes and shares.ndim > 1:  # the trees were taught quantiles
            ordered = np.sort(shares, axis=1).tolist()
            return [{"prediction": number, "low": low, "high": high} for low, number, high in ordered]
        if not self.classes:  # the trees were taught numbers
            return [{"prediction": number} for number in shares.tolist()]
        if len(self.classes) == 2:  # the trees say how likely the second is
            shares = np.column_stack([1 - shares, shares])
        return [
            {
                "prediction": self.classes[int(row.argmax())],
                "probabilities": dict(zip(self.classes, row.tolist(), strict=True)),
            }
            for row in shares
        ]


def load(folder: Path) -> Trees:
    """The model that is in `folder`."""
    return Trees(folder)
