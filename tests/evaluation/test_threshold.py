"""The threshold that is chosen is the best there is, and scikit-learn agrees on what it is worth."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
from sklearn import metrics as sklearn

from shipworthy.core.errors import UsageError
from shipworthy.core.extensions import parts
from shipworthy.evaluation.metric import metric
from shipworthy.evaluation.tasks.classification.schema import Classification
from shipworthy.evaluation.tasks.metric_names import METRICS, no_threshold
from shipworthy.evaluation.threshold import choose
from shipworthy.models.decided import decided
from shipworthy.models.protocol import Prediction
from tests.evaluation.metrics import reference

COSTS = {"rare": {"usual": 7.0}, "usual": {"rare": 1.0, "usual": 0.5}}
REFERENCES: dict[str, Callable[[Sequence[str], Sequence[str]], float]] = {
    "accuracy": sklearn.accuracy_score,
    "balanced_accuracy": sklearn.balanced_accuracy_score,
    "cost": lambda right, said: float(
        np.mean([COSTS[a].get(p, 0.0 if a == p else np.nan) for a, p in zip(right, said, strict=True)])
    ),
    "f1": lambda right, said: sklearn.f1_score(right, said, pos_label="rare"),
    "macro_f1": lambda right, said: sklearn.f1_score(right, said, average="macro"),
    "mcc": sklearn.matthews_corrcoef,
    "weighted_f1": lambda right, said: sklearn.f1_score(right, said, average="weighted"),
}


def task(name: str = "f1", **settings: Any) -> Classification:
    if name == "cost":
        settings["costs"] = COSTS
    known = {"name": "t", "description": "d", "baselines": ["majority"], "metric": name, "positive": "rare"}
    return Classification(**{**known, "decision": "threshold", **settings})


def rows(n: int, seed: int, ties: int = 1000) -> tuple[list[Prediction], list[str]]:
    """One row in five is rare, and seldom gets a probability above a half."""
    draws = np.random.default_rng(seed)
    rare = draws.random(n) < 0.2
    sure = np.round(np.clip(draws.normal(np.where(rare, 0.35, 0.15), 0.12), 0, 1) * ties) / ties
    said = [Prediction("rare" if p > 0.5 else "usual", {"rare": float(p), "usual": 1 - float(p)}) for p in sure]
    return said, ["rare" if one else "usual" for one in rare]


@pytest.mark.parametrize("ties", [1000, 10])
@pytest.mark.parametrize("name", REFERENCES)
def test_no_other_threshold_is_better(name: str, ties: int) -> None:
    of, up = task(name), metric(name).GREATER_IS_BETTER
    for seed in range(3):
        given, answers = rows(150, seed, ties)
        found = choose(of, given, answers)
        sure = np.array([p.probabilities["rare"] for p in given if p.probabilities])
        worth = {
            at: REFERENCES[name](answers, ["rare" if p >= at else "usual" for p in sure])
            for at in [*np.unique(sure).tolist(), 0.5, 1.01]
        }
        assert found.value == pytest.approx(max(worth.values()) if up else min(worth.values()))
        by_it = [one.text for one in decided(found.decision, given)]
        assert found.value == pytest.approx(REFERENCES[name](answers, by_it))
        assert found.most_likely == pytest.approx(REFERENCES[name](answers, [one.text for one in given]))
        assert (found.decision.positive, found.decision.negative) == ("rare", "usual")


def test_it_lies_between_probabilities_and_of_equals_next_to_a_half() -> None:
    def of(*sure: float) -> list[Prediction]:
        return [Prediction("rare" if p > 0.5 else "usual", {"usual": 1 - p, "rare": p}) for p in sure]

    assert choose(task(), of(0.1, 0.2, 0.3, 0.4), ["usual", "usual", "rare", "rare"]).decision.threshold == 0.25
    assert choose(task(), of(0.1, 0.2, 0.6, 0.9), ["usual", "usual", "rare", "rare"]).decision.threshold == 0.5
    always = choose(task("cost", costs={"rare": {"usual": 9}, "usual": {"rare": 1}}), of(0.2, 0.2), ["rare", "usual"])
    assert 0 < always.decision.threshold < 0.2 and always.value == 0.5


def test_predictions_without_probabilities_of_two_classes_are_refused() -> None:
    three = Prediction("rare", {"rare": 0.5, "usual": 0.3, "other": 0.2})
    alien = Prediction("usual", {"usual": 0.6, "other": 0.4})
    for given, known in ((Prediction("rare"), 0), (three, 3), (alien, 2)):
        with pytest.raises(UsageError, match=f"task.positive is one, and the model knows {known} classes: leave it"):
            choose(task(), [given], ["rare"])


@pytest.mark.parametrize("name", [name for name in parts(METRICS) if "classification" in metric(name).TASKS])
def test_a_metric_that_does_not_see_the_answered_class_says_so(name: str) -> None:
    """What is left are precision and recall: one threshold is always the best for them, whatever the rows."""
    of = reference.task("classification", positive="rare", costs=COSTS)
    given, answers = rows(40, 0)
    turned = [Prediction("usual" if p.text == "rare" else "rare", p.probabilities) for p in given]
    seen = not np.array_equal(metric(name).score(of, given, answers), metric(name).score(of, turned, answers))
    assert bool(no_threshold(name)) == (not seen or name in ("precision", "recall"))


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"decision": "half"}, "task.decision=half: choose one of most_likely, threshold"),
        ({"metric": "mcc", "positive": ""}, "needs task.positive, the class that it is a threshold of: set it"),
        ({"metric": "auc"}, "no use with task.metric=auc, for it looks at probabilities, not at the class"),
        ({"metric": "recall"}, "no use with task.metric=recall, for it is highest where every row"),
    ],
)
def test_a_threshold_that_cannot_be_chosen_is_refused(settings: dict[str, Any], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        task(**{"name": settings.get("metric", "f1"), **{k: v for k, v in settings.items() if k != "metric"}})
