"""What a package answers is compared with what the source model said."""

from typing import Any

import pytest

from shipworthy.core.errors import ShipworthyError
from shipworthy.optimize.package.validate import _compare

TEXT = {"id": "a", "expected": "yes", "interval": None}
NUMBER = {"id": "a", "expected": "12.3", "interval": None}
INTERVAL = {"id": "a", "expected": "12.3", "interval": [10.0, 15.0]}
LABELS = {"id": "a", "expected": '["x", "y"]', "interval": None}


ROUNDING = 1e-9


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        (TEXT, {"prediction": "yes"}),
        (LABELS, {"prediction": ["x", "y"]}),
        (NUMBER, {"prediction": 12.3}),
        (NUMBER, {"prediction": 12.3 * (1 + 1e-15)}),
        (INTERVAL, {"prediction": 12.3, "low": 10.0 + 1e-14, "high": 15.0}),
    ],
)
def test_the_same_is_let_through(question: dict[str, Any], answer: dict[str, Any]) -> None:
    _compare(question, answer, ROUNDING)


@pytest.mark.parametrize(
    ("question", "answer", "said"),
    [
        (TEXT, {"prediction": "no"}, "answers 'no' to row a where the source model says 'yes'"),
        (LABELS, {"prediction": ["x"]}, "where the source model says"),
        (NUMBER, {"prediction": 12.30001}, "answers '12.30001' to row a where the source model says '12.3'"),
        (NUMBER, {"prediction": "12.30"}, "answers '12.30'"),
        (INTERVAL, {"prediction": 12.3}, r"answers '12.3' to row a where the source model says '12.3 \[10.0, 15.0\]'"),
        (NUMBER, {"prediction": 12.3, "low": 1.0, "high": 20.0}, r"answers '12.3 \[1.0, 20.0\]'"),
        (INTERVAL, {"prediction": 12.3, "low": 10.0, "high": 15.1}, r"answers '12.3 \[10.0, 15.1\]'"),
    ],
)
def test_anything_else_is_not_shipped(question: dict[str, Any], answer: dict[str, Any], said: str) -> None:
    with pytest.raises(ShipworthyError, match=said):
        _compare(question, answer, ROUNDING)
