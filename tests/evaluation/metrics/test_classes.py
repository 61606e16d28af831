"""Metrics of classes are scikit-learn's and torchmetrics', on rows as they are and on resamples."""

from collections.abc import Sequence
from functools import partial

import numpy as np
import pytest
import torch
from sklearn import metrics as sklearn_metrics
from torchmetrics.functional.classification import multiclass_calibration_error

from shipworthy.core.errors import UsageError
from shipworthy.core.schema import from_plain
from shipworthy.evaluation.metric import metric
from shipworthy.evaluation.tasks.classification.schema import Classification
from shipworthy.models.protocol import Prediction
from tests.evaluation.metrics import samples
from tests.evaluation.metrics.reference import SEEDS, Reference, agrees, task, told, values

SIZES = (1, 2, 7, 60)
RARE, FREQUENT = samples.CLASSES[3], samples.CLASSES[0]


def texts(said: Sequence[Prediction]) -> list[str]:
    return [p.text for p in said]


def of_texts(of: object, **options: object) -> Reference:
    """A reference that compares texts."""
    return lambda said, answers: of(answers, texts(said), **options)  # type: ignore[operator]


def table(said: Sequence[Prediction]) -> np.ndarray:
    return np.array([[p.probabilities[name] for name in p.probabilities] for p in said])  # type: ignore[index]


def mcc(said: Sequence[Prediction], answers: Sequence[str]) -> float:
    found = sklearn_metrics.matthews_corrcoef(answers, texts(said))
    return float(found) if len(set(answers)) > 1 else np.nan


BY_TEXT = {
    "accuracy": of_texts(sklearn_metrics.accuracy_score),
    "balanced_accuracy": of_texts(sklearn_metrics.balanced_accuracy_score),
    "macro_f1": of_texts(sklearn_metrics.f1_score, average="macro"),
    "weighted_f1": of_texts(sklearn_metrics.f1_score, average="weighted"),
    "mcc": mcc,
}


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("n", SIZES)
@pytest.mark.parametrize("name", BY_TEXT)
def test_by_the_names_of_classes(name: str, n: int, seed: int) -> None:
    agrees(name, task("classification"), *samples.classes(seed, n), BY_TEXT[name], seed)


def of_positive(of: str, positive: str, said: Sequence[Prediction], answers: Sequence[str]) -> float:
    """scikit-learn's, with NaN where it has no value; but precision is 0 where nobody says the class that there is."""
    undefined = 0 if of == "precision" and positive in answers else np.nan
    options = {"zero_division": undefined, "labels": [positive], "average": None}
    return float(getattr(sklearn_metrics, f"{of}_score")(answers, texts(said), **options)[0])


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("positive", [RARE, FREQUENT])
@pytest.mark.parametrize("name", ["f1", "precision", "recall"])
def test_of_the_positive_class(name: str, positive: str, seed: int) -> None:
    for n in SIZES:
        reference = partial(of_positive, name, positive)
        agrees(name, task("classification", positive=positive), *samples.classes(seed, n), reference, seed)


def ranked_mean(of: object, said: Sequence[Prediction], answers: Sequence[str]) -> float:
    """The mean of a two-class metric over the classes that some rows are of, and some not."""
    found = [
        of([answer == name for answer in answers], [p.probabilities[name] for p in said])  # type: ignore[operator, index]
        for name in sorted(set(answers))
        if len(set(answers)) > 1 or of is sklearn_metrics.average_precision_score
    ]
    return float(np.mean(found)) if found else np.nan


RANKED = {"auc": sklearn_metrics.roc_auc_score, "pr_auc": sklearn_metrics.average_precision_score}


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("name", RANKED)
def test_curves_of_all_classes(name: str, seed: int) -> None:
    for n in SIZES:
        agrees(name, task("classification"), *samples.classes(seed, n), partial(ranked_mean, RANKED[name]), seed)


def test_the_area_of_all_classes_is_scikit_learns_one_against_the_rest() -> None:
    said, answers = samples.classes(0, 300)
    rows = metric("auc").score(task("classification"), said, answers)
    known = dict(zip(samples.CLASSES, table(said).T, strict=True))
    ordered = np.column_stack([known[name] for name in sorted(known)])
    expected = sklearn_metrics.roc_auc_score(answers, ordered, multi_class="ovr", average="macro")
    assert values("auc", rows, np.ones((1, 300)))[0] == pytest.approx(expected)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("name", RANKED)
def test_curves_of_the_positive_class(name: str, seed: int) -> None:
    def reference(said: Sequence[Prediction], answers: Sequence[str]) -> float:
        truth = [answer == "cat" for answer in answers]
        if not any(truth) or (all(truth) and name == "auc"):
            return np.nan
        return float(RANKED[name](truth, [p.probabilities["cat"] for p in said]))  # type: ignore[index]

    for n in SIZES:
        agrees(name, task("classification", positive="cat"), *samples.classes(seed, n), reference, seed)


def log_loss(said: Sequence[Prediction], answers: Sequence[str]) -> float:
    order = np.argsort(samples.CLASSES)
    return float(sklearn_metrics.log_loss(answers, table(said)[:, order], labels=[samples.CLASSES[i] for i in order]))


def brier(said: Sequence[Prediction], answers: Sequence[str]) -> float:
    order = np.argsort(samples.CLASSES)
    options = {"labels": [samples.CLASSES[i] for i in order], "scale_by_half": True}
    return float(sklearn_metrics.brier_score_loss(answers, table(said)[:, order], **options))


def calibration_error(said: Sequence[Prediction], answers: Sequence[str]) -> float:
    known = torch.tensor(table(said), dtype=torch.float64)
    truth = torch.tensor([samples.CLASSES.index(answer) for answer in answers])
    return float(multiclass_calibration_error(known, truth, num_classes=4, n_bins=15))


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("reference", [log_loss, brier])
def test_losses_of_probabilities(reference: Reference, seed: int) -> None:
    for n in SIZES:
        agrees(reference.__name__, task("classification"), *samples.classes(seed, n), reference, seed)


@pytest.mark.parametrize("seed", SEEDS)
def test_calibration_is_torchmetrics(seed: int) -> None:
    draws = np.random.default_rng(seed)
    for n in SIZES:
        _, answers = samples.classes(seed, n)
        known = draws.dirichlet(np.ones(4), size=n)  # never quite 1, which torchmetrics gives a bin of its own
        said = [Prediction("", dict(zip(samples.CLASSES, row, strict=True))) for row in known]
        # It computes with 32 bits.
        agrees("calibration_error", task("classification"), said, answers, calibration_error, seed, within=1e-6)


def test_a_confidence_of_one_is_in_the_last_bin() -> None:
    said = [Prediction("cat", {"cat": 1.0, "dog": 0.0}), Prediction("cat", {"cat": 0.95, "dog": 0.05})]
    rows = metric("calibration_error").score(task("classification"), said, ["cat", "dog"])
    assert values("calibration_error", rows, np.ones((1, 2)))[0] == pytest.approx(0.475)


def test_an_answer_that_no_candidate_knows_has_no_probability() -> None:
    said = [Prediction("cat", {"cat": 0.25, "dog": 0.75})]
    assert metric("log_loss").score(task("classification"), said, ["emu"]) == pytest.approx(-np.log(2.0**-52))
    assert metric("brier").score(task("classification"), said, ["emu"]) == pytest.approx((0.0625 + 0.5625 + 1) / 2)


COSTS = {a: {b: float(10 * i + j) for j, b in enumerate(samples.CLASSES)} for i, a in enumerate(samples.CLASSES)}


@pytest.mark.parametrize("seed", SEEDS)
def test_costs_weigh_the_confusion_matrix(seed: int) -> None:
    weights = np.array([list(row.values()) for row in COSTS.values()])

    def reference(said: Sequence[Prediction], answers: Sequence[str]) -> float:
        found = sklearn_metrics.confusion_matrix(answers, texts(said), labels=samples.CLASSES)
        return float((found * weights).sum() / len(answers))

    agrees("cost", task("classification", costs=COSTS), *samples.classes(seed, 40), reference, seed)


def test_a_right_answer_costs_nothing_and_an_unknown_class_is_refused() -> None:
    costs = {"sick": {"well": 9.0}, "well": {"sick": 1.0}}
    of = task("classification", costs=costs)
    assert metric("cost").score(of, told("sick", "well", "sick"), ["sick", "sick", "well"]).tolist() == [0.0, 9.0, 1.0]
    with pytest.raises(UsageError, match="task.costs does not say what it costs to call 'well' 'dead': add that"):
        metric("cost").score(of, told("dead"), ["well"])


def classification(**more: object) -> Classification:
    plain = {"name": "t", "description": "d", "baselines": ["majority"], **more}
    return from_plain(Classification, plain, "task")


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"metric": "cost"}, "task.metric=cost needs task.costs: set it, or choose another metric."),
        ({"metrics": ["f1"]}, "task.metrics=f1 needs task.positive: set it, or choose another metric."),
        (
            {"costs": {"a": {"b": 1}, "b": {"a": 2}}},
            "task.costs has no effect, for no metric of the task reads it: leave it out.",
        ),
        (
            {"metric": "cost", "costs": {"a": {"b": 1}}},
            "task.costs does not say what it costs to call 'b' 'a': add 'b: {a: …}'.",
        ),
        (
            {"metric": "cost", "costs": {"a": {"b": -1}, "b": {"a": 2}}},
            "task.costs.a.b=-1.0 is negative: give a number from 0.",
        ),
    ],
)
def test_settings_that_a_metric_reads_and_lacks(settings: dict[str, object], sentence: str) -> None:
    with pytest.raises(UsageError) as refused:
        classification(**settings)
    assert str(refused.value) == sentence


def test_settings_that_a_metric_reads() -> None:
    costs = {"a": {"b": 1.0}, "b": {"a": 2.0}}
    assert classification(metrics=["cost"], costs=costs).costs == costs
    assert classification(metric="f1", positive="a").measured == ["f1", "accuracy", "auc"]
