import json

import numpy as np
import polars as pl
import pytest

from shipworthy.core.errors import ArtifactError
from shipworthy.models.numbers import numbers, predicted


def test_answers_are_read_as_they_stand() -> None:
    rows = pl.DataFrame({"answer": ["12.50", "1e3", "-4", "+.5"]})
    assert numbers(rows) == [12.5, 1000.0, -4.0, 0.5]


@pytest.mark.parametrize("answer", ["yes", "", "inf", "nan", "1,234"])
def test_what_is_no_number_is_refused(answer: str) -> None:
    with pytest.raises(ArtifactError, match=f"The answer '{answer}' is no number"):
        numbers(pl.DataFrame({"answer": ["1", answer]}))


def test_a_prediction_is_written_so_that_json_reads_the_same_number() -> None:
    values = [*np.array([0.1, 1e-300, -3.0, 1 / 3], dtype=np.float32).tolist(), 1 / 3, 1e22]
    for one, value in zip(predicted(values), values, strict=True):
        assert one.number == value == json.loads(one.text) and str(json.loads(one.text)) == one.text
