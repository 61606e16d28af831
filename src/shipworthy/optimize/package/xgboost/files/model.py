"""The model of this package: raw rows are transformed and encoded as for training, and the trees are asked."""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import xgboost

NAN = float("nan")


class Trees:
    """The trees with the codes of their categories, and what makes their columns of raw ones, if anything does.

    Attributes:
        columns: of a raw row, those that the model looks at; one that a row lacks counts as missing.
    """

    def __init__(self, folder: Path) -> None:
        saved = json.loads((folder / "columns.json").read_text(encoding="utf-8"))
        self.classes, self.labels = saved.get("classes", []), saved.get("labels", [])
        self.features = saved["columns"]
        self.replay = transformation(folder)
        self.columns = list(self.replay.inputs) if self.replay else self.features
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

        Or {"prediction": the likely labels, "probabilities": label → probability}, or {"prediction": a number}.
        """
        found = list(rows)
        columns = {name: [row.get(name) for row in found] for name in self.columns}
        if self.replay:
            columns = self.replay({name: self.replay.column(name, values) for name, values in columns.items()})
        table = np.array([[self.encode(name, value) for value in columns[name]] for name in self.features], dtype=float)
        matrix = xgboost.DMatrix(
            table.reshape(len(self.features), len(found)).T,
            feature_names=[f"f{number}" for number in range(len(self.features))],  # as the trees know them
            feature_types=["c" if name in self.codes else "q" for name in self.features],
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


def transformation(folder: Path) -> Any:
    """What was fitted on train, to be replayed; None where nothing was."""
    if not (folder / "fitted.json").is_file():
        return None
    from shipworthy.models.transform.replay import Replay  # the package carries it

    return Replay(json.loads((folder / "fitted.json").read_text(encoding="utf-8")))


def load(folder: Path) -> Trees:
    """The model that stands in `folder`."""
    return Trees(folder)
