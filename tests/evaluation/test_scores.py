from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from shipworthy.core.errors import UsageError
from shipworthy.evaluation import scores
from shipworthy.evaluation.metrics.auc import statistic as auc
from shipworthy.evaluation.tasks.schema import Classification, Criteria, TextToText
from shipworthy.models.protocol import Prediction

TEXT = TextToText(name="t", description="d", baselines=["majority"], prompt="{x}")
TABLE = Classification(name="t", description="d", baselines=["majority"], positive=">50K")


def said(*texts: str) -> list[Prediction]:
    return [Prediction(text) for text in texts]


def test_exact_match_forgives_white_space_and_nothing_else() -> None:
    answers = ["GetItem"] * 4
    given_ = said(" GetItem\n", "getItem", "GetItem.", "GetItems")
    assert scores.correct(TEXT, given_, answers).tolist() == [True, False, False, False]


def test_reports_call_a_metric_by_its_title_and_what_is_none_by_its_name() -> None:
    assert [scores.metric_name(name) for name in ("auc", "exact_match", "val_loss")] == [
        "AUC",
        "exact match",
        "val loss",
    ]
    assert [scores.is_share(name) for name in ("auc", "exact_match", "val_loss")] == [False, True, True]


def test_only_an_extensions_metric_is_named_beside_those_of_the_task() -> None:
    with pytest.raises(UsageError, match="task.metrics names 'auc', which no extension has"):
        replace(TEXT, metrics=["auc"])


def test_what_is_no_share_of_rows_cannot_decide() -> None:
    task = replace(TABLE)
    task.metric = "auc"
    with pytest.raises(UsageError, match="task.metric=auc cannot decide, .* let accuracy decide"):
        scores.correct(task, [Prediction(">50K", 0.5)] * 2, [">50K", "<=50K"])


@pytest.mark.parametrize(("flipped", "positive"), [(False, ">50K"), (True, "<=50K")])
def test_auc_speaks_of_the_positive_class(flipped: bool, positive: str) -> None:
    answers = ["<=50K", ">50K", ">50K", "<=50K", ">50K"]
    given_scores = [0.1, 0.8, 0.3, 0.4, 0.9]  # of the last class in sorted order, ">50K"
    task = Classification(name="t", description="d", baselines=["majority"], positive=positive)
    given_ = [Prediction(">50K" if s > 0.5 else "<=50K", s) for s in given_scores]
    summary = scores.summary(task, given_, answers, seed=0)
    truth = [answer == positive for answer in answers]
    assert summary["auc"].value == pytest.approx(roc_auc_score(truth, [1 - s if flipped else s for s in given_scores]))
    assert list(summary) == ["accuracy", "auc"]


@given(st.lists(st.tuples(st.integers(0, 20), st.booleans()), min_size=2, max_size=100))
def test_auc_is_scikit_learns(pairs: list[tuple[int, bool]]) -> None:
    rows = np.array(pairs, dtype=float)
    if len(set(rows[:, 1])) == 2:
        assert auc(rows) == pytest.approx(roc_auc_score(rows[:, 1], rows[:, 0]))
    else:
        assert np.isnan(auc(rows))


def test_auc_interval_narrows_with_rows() -> None:
    draws = np.random.default_rng(0)
    widths = []
    for n in (100, 1000):
        truth = draws.random(n) < 0.3
        given_ = [Prediction("", float(s)) for s in draws.normal(truth, 1)]
        auc_ = scores.summary(TABLE, given_, [">50K" if t else "<=50K" for t in truth], seed=0)["auc"]
        assert auc_.low < auc_.value < auc_.high
        widths.append(auc_.high - auc_.low)
    assert widths[1] < widths[0] / 2


def test_an_unknown_positive_class_gets_a_sentence() -> None:
    task = Classification(name="t", description="d", baselines=["majority"], positive="rich")
    with pytest.raises(UsageError, match=r"task.positive=rich .* <=50K, >50K"):
        scores.summary(task, [Prediction(">50K", 0.5)] * 2, [">50K", "<=50K"], seed=0)


def test_rows_must_match() -> None:
    with pytest.raises(ValueError, match="1 predictions beside 2 answers"):
        scores.correct(TEXT, said("a"), ["a", "b"])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"metric": "bleu"}, "task.metric=bleu cannot decide: choose one of exact_match"),
        ({"baselines": []}, "task.baselines is empty"),
        ({"baselines": ["nearest", "nearest"]}, "names a model twice"),
        ({"shots": 0}, "task.shots=0"),
    ],
)
def test_impossible_tasks_are_refused(change: dict[str, object], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        TextToText(**{"name": "t", "description": "d", "baselines": ["majority"], "prompt": "{x}", **change})


@pytest.mark.parametrize("change", [{"alpha": 0.0}, {"margin": -0.1}, {"noninferiority_margin": 1}, {"max_p95_s": 0}])
def test_impossible_criteria_are_refused(change: dict[str, float]) -> None:
    with pytest.raises(UsageError, match=f"task.criteria.{next(iter(change))}="):
        Criteria(**change)
