"""Every metric says what it is, gives what its KIND promises, and prefers what is right."""

import json
import sys
from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from shipworthy.core.errors import UsageError
from shipworthy.core.extensions import parts
from shipworthy.evaluation import scores
from shipworthy.evaluation.metric import check, metric
from shipworthy.evaluation.tasks.metric_names import METRICS
from shipworthy.models.protocol import Prediction
from tests.evaluation.metrics.reference import task, values

NAMES = list(parts(METRICS))
KINDS = ("classification", "text_to_text", "regression", "multi_label")
ROWS = 12


def classes() -> tuple[list[Prediction], list[Prediction], list[str]]:
    names = ("a", "b", "c")
    answers = [names[i % 3] for i in range(ROWS)]
    wrong = [names[(i + 1) % 3] for i in range(ROWS)]

    def certain(name: str) -> Prediction:
        return Prediction(name, {one: float(one == name) for one in names})

    return [certain(name) for name in answers], [certain(name) for name in wrong], answers


def texts() -> tuple[list[Prediction], list[Prediction], list[str]]:
    calls = [{"name": f"find the best {i}", "arguments": {"where": f"in town {i}", "when": i}} for i in range(ROWS)]
    answers = [json.dumps(call) for call in calls]
    return [Prediction(answer) for answer in answers], [Prediction("oops") for _ in answers], answers


def numbers() -> tuple[list[Prediction], list[Prediction], list[str]]:
    def of(number: float, width: float) -> Prediction:
        return Prediction(str(number), number=number, low=number - width / 2, high=number + width / 2)

    return (
        [of(float(i), 0.0) for i in range(1, ROWS + 1)],
        [of(2.5 * i + 1, 1.0) for i in range(1, ROWS + 1)],
        [str(i) for i in range(1, ROWS + 1)],
    )


def labels() -> tuple[list[Prediction], list[Prediction], list[str]]:
    sets = [{"x"}, {"x", "y"}, {"y", "z"}, set()] * (ROWS // 4)

    def of(found: set[str]) -> Prediction:
        return Prediction(json.dumps(sorted(found)), {one: float(one in found) for one in "xyz"})

    return [of(one) for one in sets], [of(set("xyz") - one) for one in sets], [json.dumps(sorted(one)) for one in sets]


SAMPLES = {"classification": classes, "text_to_text": texts, "regression": numbers, "multi_label": labels}
SCHEMA = {"type": "object", "required": ["name"]}
COSTS = {a: {b: 1.0 for b in "abc" if b != a} for a in "abc"}
CASES = [(name, kind) for name in NAMES for kind in metric(name).TASKS]
WHOLE = [(name, kind) for name, kind in CASES if metric(name).KIND == "whole"]


def of(kind: str) -> Any:
    return task(kind, positive="b" if kind == "classification" else "", costs=COSTS, schema=SCHEMA, interval=0.9)


def value(name: str, kind: str, said: Sequence[Prediction], answers: Sequence[str]) -> float:
    rows = scores.scored(name, of(kind), said, answers)
    assert rows is not None
    return float(values(name, rows.astype(float), np.ones((1, len(answers))))[0])


@pytest.mark.parametrize("name", NAMES)
def test_it_says_what_it_is(name: str) -> None:
    found = metric(name)
    module = sys.modules[parts(METRICS)[name]]
    assert (module.__doc__ or "").partition("\n")[0].endswith(".")
    assert found.TASKS and set(found.TASKS) <= set(KINDS)
    assert found.TITLE and found.LIBRARY and found.MIND.endswith(".")
    assert hasattr(module, "statistic") == (found.KIND == "whole")
    assert found.UNIT == "share" or found.KIND != "right"


WHOLE_MODULE = {
    "__file__": "mine.py",
    "TITLE": "mine",
    "GREATER_IS_BETTER": True,
    "KIND": "whole",
    "UNIT": "score",
    "TASKS": ("classification",),
    "LIBRARY": "our own",
    "MIND": "Nothing.",
    "score": print,
    "statistic": print,
}


@pytest.mark.parametrize("missing", [name for name in WHOLE_MODULE if name != "__file__"])
def test_a_metric_that_is_not_whole_is_refused_by_its_file(missing: str) -> None:
    check("mine", SimpleNamespace(**WHOLE_MODULE))
    rest = {name: value for name, value in WHOLE_MODULE.items() if name != missing}
    with pytest.raises(UsageError, match=rf"metric 'mine' \(mine.py\) (must say|has no) {missing}"):
        check("mine", SimpleNamespace(**rest))


def test_a_share_of_right_rows_is_none_of_which_less_is_better() -> None:
    with pytest.raises(UsageError, match=r"'mine' \(mine.py\) says KIND = 'right', .* take KIND = 'mean'"):
        check("mine", SimpleNamespace(**{**WHOLE_MODULE, "KIND": "right", "GREATER_IS_BETTER": False}))


def test_no_two_have_one_title() -> None:
    assert len({metric(name).TITLE for name in NAMES}) == len(NAMES)


@pytest.mark.parametrize(("name", "kind"), CASES)
def test_what_is_right_has_the_best_value_and_what_is_wrong_a_worse_one(name: str, kind: str) -> None:
    right, wrong, answers = SAMPLES[kind]()
    half = [wrong[i] if i % 2 else right[i] for i in range(ROWS)]
    found = [value(name, kind, said, answers) for said in (right, half, wrong)]
    assert found[0] == pytest.approx(1.0 if metric(name).GREATER_IS_BETTER else 0.0)
    turned = found if metric(name).GREATER_IS_BETTER else [-one for one in found]
    assert turned[0] >= turned[1] >= turned[2] < turned[0]


@pytest.mark.parametrize(("name", "kind"), WHOLE)
def test_one_row_has_a_value_or_none_and_no_rows_have_none(name: str, kind: str) -> None:
    right, wrong, answers = SAMPLES[kind]()
    for said in (right, wrong):
        rows = scores.scored(name, of(kind), said[:1], answers[:1])
        one, none = values(name, rows, np.array([[1.0], [0.0]]))
        assert np.isnan(one) or np.isfinite(one)
        assert np.isnan(none)


@pytest.mark.parametrize(("name", "kind"), WHOLE)
def test_a_row_counted_twice_is_that_row_twice(name: str, kind: str) -> None:
    right, wrong, answers = SAMPLES[kind]()
    said = [wrong[i] if i % 3 == 0 else right[i] for i in range(ROWS)]
    rows = scores.scored(name, of(kind), said, answers)
    assert rows is not None
    counts = np.arange(ROWS) % 3
    repeated = np.repeat(rows, counts, axis=0)
    (counted,) = values(name, rows, counts[None, :].astype(float))
    (twice,) = values(name, repeated, np.ones((1, len(repeated))))
    assert counted == pytest.approx(twice)


def test_who_gives_a_text_alone_lacks_what_these_take() -> None:
    lacking = set()
    for name, kind in CASES:
        right, _, answers = SAMPLES[kind]()
        if scores.scored(name, of(kind), [Prediction(p.text) for p in right], answers) is None:
            lacking.add(name)
    of_probabilities = {"auc", "pr_auc", "log_loss", "brier", "calibration_error"}
    of_intervals = {"pinball", "interval_score", "interval_coverage", "interval_width"}
    assert lacking == of_probabilities | of_intervals | {"mae", "mape", "rmse", "median_absolute_error", "r2"}


@pytest.mark.parametrize(("name", "kind"), CASES)
def test_as_many_predictions_as_answers(name: str, kind: str) -> None:
    right, _, answers = SAMPLES[kind]()
    with pytest.raises(ValueError, match="12 predictions beside 11 answers"):
        scores.scored(name, of(kind), right, answers[1:])
