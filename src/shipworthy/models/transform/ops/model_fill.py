"""What a model says of a missing value, which it reads from the other columns as they came."""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..replay import Columns, missing, names


def make(step: dict[str, Any]) -> Callable[[Columns], None]:
    """`targets`: each with `column`, `classes` (null: a number), `features` (name → categories or null), `booster`."""
    import xgboost

    models = [
        (target, xgboost.Booster(model_file=bytearray(json.dumps(target["booster"]).encode())))
        for target in step["targets"]
    ]

    def apply(columns: Columns) -> None:
        filled = {target["column"]: _fill(target, booster, columns) for target, booster in models}
        columns.update(filled)

    return apply


def matrix(features: Mapping[str, Sequence[str] | None], columns: Columns) -> dict[str, Any]:
    """The arguments of an XGBoost matrix: numbers as they are, names as codes, NaN for missing and unknown ones."""
    table = [columns[name] if known is None else _codes(known, columns[name]) for name, known in features.items()]
    return {
        "data": np.column_stack(table),
        "feature_types": ["q" if known is None else "c" for known in features.values()],
        "enable_categorical": True,
        "nthread": 1,
    }


def _codes(known: Sequence[str], values: NDArray[Any]) -> NDArray[np.float64]:
    codes = {name: float(i) for i, name in enumerate(known)}
    return np.array([codes.get(value, np.nan) for value in values], dtype=np.float64)


def _fill(target: dict[str, Any], booster: Any, columns: Columns) -> NDArray[Any]:
    import xgboost

    old, classes = columns[target["column"]], target["classes"]
    gaps = missing(old)
    new = old.copy()
    if not gaps.any():
        return new
    part = {name: columns[name][gaps] for name in target["features"]}
    said = booster.predict(xgboost.DMatrix(**matrix(target["features"], part)))
    new[gaps] = names(classes[int(best)] for best in said.argmax(axis=1)) if classes else said
    return new
