import numpy as np
import pytest
from sklearn.metrics import confusion_matrix, precision_score, recall_score

from shipworthy.evaluation import classes
from shipworthy.evaluation.classes import OTHERS, by_class, by_label
from shipworthy.evaluation.intervals import wilson
from shipworthy.models.protocol import Prediction

DRAWS = np.random.default_rng(4)
NAMES = ["a", "b", "c"]
ANSWERS = [str(one) for one in DRAWS.choice(NAMES, 500, p=[0.6, 0.3, 0.1])]
SAID = [one if DRAWS.random() < 0.7 else str(DRAWS.choice(NAMES)) for one in ANSWERS]


def test_confusion_recall_and_precision_are_scikit_learns() -> None:
    found = by_class([Prediction(one) for one in SAID], ANSWERS)
    assert found["confusion"]["classes"] == NAMES
    assert found["confusion"]["rows"] == confusion_matrix(ANSWERS, SAID).tolist()
    for name, recall, precision in zip(
        NAMES,
        recall_score(ANSWERS, SAID, average=None),
        precision_score(ANSWERS, SAID, average=None),
        strict=True,
    ):
        one = next(row for row in found["classes"] if row["name"] == name)
        assert one["recall"]["value"] == pytest.approx(recall) and one["precision"]["value"] == pytest.approx(precision)
        assert one["recall"]["low"] < recall < one["recall"]["high"]
    assert (found["calibration"], found["thresholds"]) == (None, None)


def test_a_class_that_is_never_said_has_no_precision_and_one_nobody_asked_for_is_counted() -> None:
    found = by_class([Prediction("a"), Prediction("a"), Prediction("x")], ["a", "b", "b"])
    assert found["confusion"] == {"classes": ["a", "b", OTHERS], "rows": [[1, 0, 0], [1, 0, 1], [0, 0, 0]]}
    assert [(one["name"], one["precision"] is None) for one in found["classes"]] == [("a", False), ("b", True)]


def test_of_many_classes_the_frequent_ones_are_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(classes, "MOST_CLASSES", 2)
    found = by_class([Prediction(one) for one in SAID], ANSWERS)
    assert found["confusion"]["classes"] == ["a", "b", OTHERS]
    assert np.sum(found["confusion"]["rows"]) == 500


def test_believable_probabilities_are_right_as_often_as_they_say_and_thresholds_trade_recall_for_precision() -> None:
    shares = DRAWS.random(4000)
    answers = ["yes" if DRAWS.random() < share else "no" for share in shares]
    given = [Prediction("yes" if s > 0.5 else "no", {"no": 1 - s, "yes": s}) for s in shares]
    found = by_class(given, answers, "yes")
    assert found["calibration"] and sum(one["rows"] for one in found["calibration"]) == 4000
    for one in found["calibration"]:
        assert one["right"]["value"] == pytest.approx(one["probability"], abs=0.06)
    curve = found["thresholds"]["curve"]
    assert found["thresholds"]["positive"] == "yes" and len(curve) == 19
    assert [one["recall"] for one in curve] == sorted((one["recall"] for one in curve), reverse=True)
    assert curve[-1]["precision"] > curve[0]["precision"]
    half = next(one for one in curve if one["threshold"] == 0.5)
    assert half["recall"] == pytest.approx(recall_score(answers, [p.text for p in given], pos_label="yes"))


def test_thresholds_are_of_the_rarer_class_unless_one_is_named() -> None:
    given = [Prediction("no", {"no": 0.9, "yes": 0.1})] * 3
    assert by_class(given, ["no", "no", "yes"])["thresholds"]["positive"] == "yes"
    assert by_class(given, ["no", "no", "yes"], "no")["thresholds"]["positive"] == "no"


def test_of_several_labels_recall_and_precision_are_scikit_learns(monkeypatch: pytest.MonkeyPatch) -> None:
    said_NK, true_NK = (DRAWS.random((200, 3)) < share for share in (0.4, 0.3))
    said, answers = ([{NAMES[k] for k in np.flatnonzero(row)} for row in table] for table in (said_NK, true_NK))
    bare = [Prediction("")] * 200
    found = by_label(bare, said, answers)
    assert [one["name"] for one in found["classes"]] == NAMES and found["confusion"] is None
    for score, name in ((recall_score, "recall"), (precision_score, "precision")):
        values = [one[name]["value"] for one in found["classes"]]
        assert values == pytest.approx(score(true_NK, said_NK, average=None).tolist())
    assert by_label(bare[:2], [{"a", "x"}, set()], [{"b"}, {"b"}])["classes"][0]["precision"] is None
    monkeypatch.setattr(classes, "MOST_CLASSES", 1)
    assert [one["name"] for one in by_label(bare[:3], [set()] * 3, [{"a"}, {"a", "b"}, set()])["classes"]] == ["a"]


def test_of_several_labels_all_probabilities_are_judged_together_and_those_of_a_row_go_together() -> None:
    shares_NK = DRAWS.random((3000, 3))
    true_NK = DRAWS.random((3000, 3)) < shares_NK
    given = [Prediction("[]", dict(zip(NAMES, row.tolist(), strict=True))) for row in shares_NK]
    answers = [{NAMES[k] for k in np.flatnonzero(row)} for row in true_NK]
    bins = by_label(given, [set()] * 3000, answers)["calibration"]
    assert len(bins) == 10 and sum(one["rows"] for one in bins) == 9000
    for one in bins:
        assert one["right"]["low"] - 0.02 <= one["probability"] <= one["right"]["high"] + 0.02
    # Three labels that are always there together, or not at all: as if each row had one.
    given = [Prediction("[]", dict.fromkeys(NAMES, 0.45))] * 400
    (bin_,) = by_label(given, [set()] * 400, [set(NAMES) if i % 2 else set() for i in range(400)])["calibration"]
    assert (bin_["rows"], bin_["right"]) == (1200, pytest.approx(wilson(200, 400).to_json(), abs=1e-3))
    (never,) = by_label(given, [set()] * 400, [{"other"}] * 400)["calibration"]
    assert never["right"] == pytest.approx(wilson(0, 400).to_json())
    assert by_label([Prediction("[]")] * 2, [set()] * 2, [{"a"}, set()])["calibration"] is None
