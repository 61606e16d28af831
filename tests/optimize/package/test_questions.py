"""Which questions prove a package."""

import polars as pl
import pytest

from shipworthy.core.errors import ShipworthyError
from shipworthy.evaluation.tasks.regression.schema import Regression
from shipworthy.evaluation.tasks.text_to_text.schema import TextToText
from shipworthy.models.protocol import Prediction
from shipworthy.optimize.engines.in_process.schema import InProcess
from shipworthy.optimize.package.build import Subject
from shipworthy.optimize.package.questions import select

SUBJECT = Subject(
    TextToText(name="t", description="d", baselines=["majority"], prompt="{text}"), InProcess(), {}, {"name": "q8_0"}
)


def rows(said: list[str]) -> pl.DataFrame:
    names = ["a", "b", "c", "d", "e"]
    return pl.DataFrame({"id": names, "prediction": said, "answer": ["A", "B", "C", "D", "E"], "text": names})


def test_right_answers_come_first_and_disagreements_never() -> None:
    source = [Prediction(text) for text in ("x", "B", "C", "D", "E")]
    chosen = select(SUBJECT, rows(["x", "B", "y", "D", "z"]), source)
    assert [(q["id"], q["right"]) for q in chosen] == [("b", True), ("d", True), ("a", False)]
    assert chosen[0] == {"id": "b", "expected": "B", "interval": None, "right": True, "row": {"text": "b"}}


def test_of_numbers_the_closest_come_first() -> None:
    subject = Subject(Regression(name="t", description="d", baselines=["median"]), InProcess(), {}, {"name": "m"})
    source = [Prediction(repr(one), number=one) for one in (1.0, 2.0, 3.0, 4.0, 5.0)]
    asked = rows([one.text for one in source]).with_columns(answer=pl.Series(["9", "2.1", "3", "4.5", "0"]))
    chosen = select(subject, asked, source)
    assert [(q["id"], q["right"]) for q in chosen] == [("c", None), ("b", None), ("d", None)]


def test_too_few_agreements_prove_nothing() -> None:
    source = [Prediction(text) for text in "ABCDE"]
    with pytest.raises(ShipworthyError, match="q8_0 answers 2 of 5 validation questions as the source model does"):
        select(SUBJECT, rows(["A", "B", "x", "x", "x"]), source)
