import numpy as np

from shipworthy.evaluation.classes import by_class
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
