"""The metric, beside the deciding one and in its place."""

import pytest

from shipworthy.evaluation import scores
from shipworthy.evaluation.metric import is_share, title
from shipworthy.evaluation.resampling import Resampling
from shipworthy.evaluation.tasks.text_to_text.schema import TextToText
from shipworthy.models.protocol import Prediction

ANSWERS = ["GetItem", "DBPing", "ListKeys"]
SAID = [Prediction(text) for text in ("GetItems", "DBPong", "ListKeys")]
TASK = TextToText(name="t", description="d", baselines=["majority"], prompt="{x}", metrics=["verb_accuracy"])
HOW = Resampling(len(ANSWERS))


def test_it_stands_behind_the_deciding_metric() -> None:
    summary = scores.summary(TASK, SAID, ANSWERS, HOW)
    assert list(summary) == ["exact_match", "verb_accuracy"]
    assert summary["exact_match"].value == pytest.approx(1 / 3)
    assert summary["verb_accuracy"].value == 1.0


def test_it_may_decide() -> None:
    by_verb = TextToText(name="t", description="d", baselines=["majority"], prompt="{x}", metric="verb_accuracy")
    assert list(scores.summary(by_verb, SAID, ANSWERS, HOW)) == ["verb_accuracy", "exact_match"]
    assert scores.decided(by_verb, SAID, ANSWERS).all()


def test_a_task_that_does_not_name_it_has_none() -> None:
    task = TextToText(name="t", description="d", baselines=["majority"], prompt="{x}")
    assert list(scores.summary(task, SAID, ANSWERS, HOW)) == ["exact_match"]


def test_reports_call_it_by_its_title() -> None:
    assert title("verb_accuracy") == "right verb"
    assert is_share("verb_accuracy")
