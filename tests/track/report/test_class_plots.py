import numpy as np

from shipworthy.evaluation.classes import by_class, by_label
from shipworthy.models.protocol import Prediction
from shipworthy.track.report import class_plots

SHARES = np.random.default_rng(2).random(300)
ANSWERS = ["yes" if share > 0.4 else "no" for share in SHARES]


def test_two_classes_have_calibration_and_thresholds() -> None:
    given = [Prediction("yes" if s > 0.5 else "no", {"no": 1 - s, "yes": s}) for s in SHARES]
    drawn = class_plots.curves(by_class(given, ANSWERS, "yes"))
    assert drawn and drawn.startswith("<svg")
    assert "How often an answer is right" in drawn and "'yes' from a threshold on" in drawn


def test_three_classes_have_no_threshold_and_bare_answers_nothing_to_draw() -> None:
    given = [Prediction("yes", {"no": 0.1, "yes": 0.8, "perhaps": 0.1})] * 300
    drawn = class_plots.curves(by_class(given, [*ANSWERS[:-1], "perhaps"]))
    assert drawn and "threshold" not in drawn.replace("over the threshold", "")
    assert class_plots.curves(by_class([Prediction("yes")] * 300, ANSWERS)) is None
    assert class_plots.curves(None) is None


def test_several_labels_have_calibration_alone() -> None:
    given = [Prediction("[]", {"a": s, "b": s / 2}) for s in SHARES]
    drawn = class_plots.curves(by_label(given, [set()] * 300, [{"a"} if s > 0.5 else set() for s in SHARES]))
    assert drawn and "How often a label is there" in drawn and "from a threshold on" not in drawn


def test_the_threshold_that_was_chosen_is_marked_where_it_is_of_the_class_that_is_drawn() -> None:
    given = [Prediction("yes" if s > 0.5 else "no", {"no": 1 - s, "yes": s}) for s in SHARES]
    found = by_class(given, ANSWERS, "yes")
    marked = class_plots.curves(found, {"positive": "yes", "negative": "no", "threshold": 0.31})
    assert marked and "dashed: the chosen one" in marked
    other = class_plots.curves(found, {"positive": "no", "negative": "yes", "threshold": 0.31})
    assert other and other == class_plots.curves(found)
