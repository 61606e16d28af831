"""Metrics of several labels are scikit-learn's, on rows as they are and on resamples."""

import json
from collections.abc import Sequence

import numpy as np
import pytest
from sklearn import metrics as sklearn_metrics
from sklearn.preprocessing import MultiLabelBinarizer

from shipworthy.evaluation.metric import metric
from shipworthy.evaluation.metrics._labels import labels
from shipworthy.models.protocol import Prediction
from tests.evaluation.metrics import samples
from tests.evaluation.metrics.reference import SEEDS, agrees, task, told, values

TASK = task("multi_label")
SIZES = (1, 2, 7, 60)
REFERENCES = {
    "subset_accuracy": sklearn_metrics.accuracy_score,
    "hamming_loss": sklearn_metrics.hamming_loss,
    "jaccard": lambda true, said: sklearn_metrics.jaccard_score(true, said, average="samples", zero_division=1.0),
    "micro_f1": lambda true, said: sklearn_metrics.f1_score(true, said, average="micro", zero_division=np.nan),
    "macro_f1": lambda true, said: sklearn_metrics.f1_score(true, said, average="macro", zero_division=np.nan),
}


def table(texts: Sequence[str]) -> np.ndarray:
    found: np.ndarray = MultiLabelBinarizer(classes=samples.LABELS).fit_transform([json.loads(text) for text in texts])
    return found


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("name", REFERENCES)
def test_of_sets(name: str, seed: int) -> None:
    def reference(said: Sequence[Prediction], answers: Sequence[str]) -> float:
        return float(REFERENCES[name](table(answers), table([p.text for p in said])))

    for n in SIZES:
        agrees(name, TASK, *samples.labels(seed, n), reference, seed)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("name", ["auc", "pr_auc"])
def test_of_probabilities(name: str, seed: int) -> None:
    of = {"auc": sklearn_metrics.roc_auc_score, "pr_auc": sklearn_metrics.average_precision_score}[name]

    def reference(said: Sequence[Prediction], answers: Sequence[str]) -> float:
        truth, known = table(answers), np.array([[p.probabilities[one] for one in samples.LABELS] for p in said])  # type: ignore[index]
        there = [i for i in range(truth.shape[1]) if truth[:, i].any() and not (name == "auc" and truth[:, i].all())]
        return float(np.mean([of(truth[:, i], known[:, i]) for i in there])) if there else np.nan

    for n in SIZES:
        agrees(name, TASK, *samples.labels(seed, n), reference, seed)


def test_labels_that_no_answer_has_count_as_one_more_that_is_wrong() -> None:
    said, answers = told('["x", "new"]', '["y"]', '["newer"]'), ['["x"]', '["y"]', "[]"]
    ones = np.ones((1, 3))
    assert values("macro_f1", metric("macro_f1").score(TASK, said, answers), ones) == pytest.approx(2 / 3)
    assert values("micro_f1", metric("micro_f1").score(TASK, said, answers), ones) == pytest.approx(4 / 6)
    assert metric("hamming_loss").score(TASK, said, answers).tolist() == [0.5, 0.0, 0.5]
    assert metric("hamming_loss").score(TASK, told('["a", "b", "c"]'), ['["x"]']).tolist() == [1.0]


def test_rows_of_candidates_have_one_shape_whatever_they_predict() -> None:
    answers = ['["x"]', '["y", "x"]']
    shapes = {metric("macro_f1").score(TASK, told(text, "[]"), answers).shape for text in ('["q", "r"]', "[]", '["x"]')}
    assert shapes == {(2, 3, 2)}


def test_the_order_and_repetition_of_labels_do_not_count() -> None:
    assert metric("subset_accuracy").score(TASK, told('["b", "a", "a"]'), ['["a","b"]']).tolist() == [True]


@pytest.mark.parametrize("text", ["x", "", '"x"', '{"x": 1}', "[1]", '["x"', "[" * 100_000])
def test_what_is_no_list_of_labels_is_wrong_even_where_there_are_none(text: str) -> None:
    assert labels(text) == {text}
    assert metric("jaccard").score(TASK, told(text), ["[]"]).tolist() == [0.0]
