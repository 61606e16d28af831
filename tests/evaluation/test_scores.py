from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from shipworthy.core.errors import UsageError
from shipworthy.evaluation import metric as metrics
from shipworthy.evaluation import scores
from shipworthy.evaluation.intervals import wilson
from shipworthy.evaluation.resampling import Resampling
from shipworthy.evaluation.tasks.classification.schema import Classification
from shipworthy.evaluation.tasks.regression.schema import Regression
from shipworthy.evaluation.tasks.schema import Criteria
from shipworthy.evaluation.tasks.text_to_text.schema import TextToText
from shipworthy.models.protocol import Prediction
from tests.evaluation.made import made

TEXT = TextToText(name="t", description="d", baselines=["majority"], prompt="{x}")
TABLE = Classification(name="t", description="d", baselines=["majority"], positive=">50K")
NUMBERS = Regression(name="t", description="d", baselines=["median"])


def said(*texts: str) -> list[Prediction]:
    return [Prediction(text) for text in texts]


def rich(share: float) -> Prediction:
    return Prediction(">50K" if share > 0.5 else "<=50K", {"<=50K": 1 - share, ">50K": share})


def test_exact_match_forgives_white_space_and_nothing_else() -> None:
    answers = ["GetItem"] * 4
    correct = scores.correct(TEXT, said(" GetItem\n", "getItem", "GetItem.", "GetItems"), answers)
    assert correct is not None and correct.tolist() == [True, False, False, False]


def test_reports_call_a_metric_by_its_title_and_what_is_none_by_its_name() -> None:
    names = ("auc", "exact_match", "val_loss")
    assert [metrics.title(name) for name in names] == ["AUC", "exact match", "val loss"]
    assert [metrics.is_share(name) for name in names] == [False, True, True]


@pytest.mark.parametrize("positive", ["<=50K", ">50K"])
def test_auc_speaks_of_the_positive_class(positive: str) -> None:
    answers = ["<=50K", ">50K", ">50K", "<=50K", ">50K"]
    shares = [0.1, 0.8, 0.3, 0.4, 0.9]
    task = replace(TABLE, positive=positive)
    summary = scores.summary(task, [rich(share) for share in shares], answers, Resampling(5))
    of_positive = shares if positive == ">50K" else [1 - share for share in shares]
    truth = [answer == positive for answer in answers]
    assert summary["auc"].value == pytest.approx(roc_auc_score(truth, of_positive))
    assert list(summary) == ["accuracy", "auc"]


def test_auc_interval_narrows_with_rows() -> None:
    draws = np.random.default_rng(0)
    widths = []
    for n in (100, 1000):
        truth = draws.random(n) < 0.3
        given = [rich(float(s)) for s in 1 / (1 + np.exp(-draws.normal(truth, 1)))]
        found = scores.summary(TABLE, given, [">50K" if t else "<=50K" for t in truth], Resampling(n))["auc"]
        assert found.low < found.value < found.high
        widths.append(found.high - found.low)
    assert widths[1] < widths[0] / 2


def test_the_deciding_metric_stands_first_and_what_has_no_value_is_left_out() -> None:
    task = replace(TABLE, metric="log_loss", metrics=["brier", "macro_f1"])
    found = scores.summary(task, [rich(0.3), rich(0.7)], ["<=50K", ">50K"], Resampling(2))
    assert list(found) == ["log_loss", "accuracy", "brier", "macro_f1", "auc"]
    one_class = scores.summary(task, [rich(0.3), rich(0.2)], ["<=50K", "<=50K"], Resampling(2))
    assert "auc" not in one_class
    bare = scores.summary(TABLE, said(">50K", "<=50K"), [">50K", "<=50K"], Resampling(2))
    assert list(bare) == ["accuracy"]


def test_a_mean_of_zeros_and_ones_has_the_interval_of_a_share_unless_rows_belong_together() -> None:
    rows = np.r_[np.ones(8), np.zeros(2)]
    assert scores.interval("token_f1", rows, Resampling(10)) == wilson(8, 10)
    clusters = np.repeat(np.arange(5), 2)
    assert scores.interval("token_f1", rows, Resampling(10, clusters)) != wilson(8, 10)


def test_clusters_widen_the_interval_of_a_share() -> None:
    rows = np.repeat(np.random.default_rng(1).random(50) < 0.6, 10)
    together = scores.interval("accuracy", rows, Resampling(500, np.repeat(np.arange(50), 10)))
    apart = scores.interval("accuracy", rows, Resampling(500))
    assert together.value == apart.value and together.high - together.low > 2 * (apart.high - apart.low)


def test_no_interval_of_a_share_is_of_no_width() -> None:
    clusters = np.repeat(np.arange(20), 5)
    none = scores.interval("accuracy", np.zeros(100, dtype=bool), Resampling(100, clusters))
    assert none == wilson(0, 20) and none.high > 0.1


def test_recall_and_precision_are_shares_of_some_rows() -> None:
    pairs = [(1, 1)] * 7 + [(1, 0)] * 2 + [(0, 1)] * 3 + [(0, 0)] * 40
    rows, users = np.array(pairs, dtype=float)[:, None], np.arange(52) // 2
    assert scores.interval("recall", rows, Resampling(52)) == wilson(7, 9)
    assert scores.interval("precision", rows, Resampling(52)) == wilson(7, 10)
    together = scores.interval("recall", rows, Resampling(52, users))
    assert together.value == 7 / 9 and together.high - together.low > 0.4
    never = scores.interval("precision", rows * [1, 0], Resampling(52))
    assert (never.value, never.low, never.high) == (0.0, 0.0, 0.0)


def test_what_the_metric_needs_and_no_candidate_gives_is_refused_by_its_name() -> None:
    with pytest.raises(UsageError, match="task.metric=log_loss cannot decide, .*probabilities"):
        scores.decided(replace(TABLE, metric="log_loss"), said(">50K"), [">50K"])


def test_numbers_have_no_right_and_wrong_but_a_goodness() -> None:
    given = [Prediction("1", number=1.0), Prediction("5", number=5.0)]
    assert scores.correct(NUMBERS, given, ["2", "5"]) is None
    assert scores.goodness("mae", NUMBERS, given, ["2", "5"]).tolist() == [-1.0, 0.0]
    assert scores.by_row(replace(NUMBERS, metric="r2")) == "mae"


def test_rows_must_match() -> None:
    with pytest.raises(ValueError, match="1 predictions beside 2 answers"):
        scores.correct(TEXT, said("a"), ["a", "b"])


@pytest.mark.parametrize(
    ("kind", "rows"),
    [("right", np.ones(2)), ("mean", np.ones(2, dtype=bool)), ("mean", np.ones((2, 2))), ("whole", np.ones(3))],
)
def test_a_metric_that_breaks_its_promise_is_named(
    kind: str, rows: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine = SimpleNamespace(**{**vars(made(kind)), "score": lambda *_: rows})
    monkeypatch.setattr(scores, "metric", lambda name: mine)
    with pytest.raises(UsageError, match=f"metric 'mine' is of the kind '{kind}'"):
        scores.scored("mine", TABLE, said("a", "b"), ["a", "b"])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"metric": "blue"}, "task.metric=blue is no metric: of text_to_text there are .*exact_match"),
        ({"metric": "auc"}, "task.metric=auc is a metric of classification"),
        ({"metrics": ["auc"]}, "task.metrics=auc is a metric of classification"),
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
