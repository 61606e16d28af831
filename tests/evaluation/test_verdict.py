import pytest

from shipworthy.evaluation.intervals import Interval
from shipworthy.evaluation.paired import Comparison
from shipworthy.evaluation.verdict import judge

CRITERIA = {"metric": "exact_match", "margin": 0.05, "alpha": 0.01}


@pytest.mark.parametrize(
    ("value", "low", "p_value", "passed", "unmet"),
    [
        (0.08, 0.03, 0.001, True, []),
        (0.04, 0.02, 0.001, False, ["exact_match is +0.040 against nearest; the plan asks for +0.050 or more"]),
        (0.08, 0.03, 0.02, False, ["exact McNemar test"]),
        (0.08, -0.01, 0.2, False, ["exact McNemar test", "it must lie above 0"]),
    ],
)
def test_every_criterion_must_be_met(value: float, low: float, p_value: float, passed: bool, unmet: list[str]) -> None:
    verdict = judge(Comparison(Interval(value, low, 0.2), p_value, 1000, 130, 50), "nearest", CRITERIA)
    assert verdict.passed == passed
    assert len(verdict.reasons) == 3
    failed = [reason for reason in verdict.reasons if reason.startswith("Not met")]
    assert len(failed) == len(unmet)
    assert all(text in reason for text, reason in zip(unmet, failed, strict=True))
