"""Whether a candidate is good enough, by the criteria that the plan set before it was trained."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from shipworthy.evaluation.paired import Comparison


@dataclass(frozen=True)
class Verdict:
    """Passed only if every reason is met.

    Attributes:
        passed: good enough.
        reasons: one sentence per criterion, met or not.
    """

    passed: bool
    reasons: list[str]

    def to_json(self) -> dict[str, Any]:
        """As it stands in JSON files."""
        return asdict(self)


def judge(comparison: Comparison, reference: str, criteria: Mapping[str, Any]) -> Verdict:
    """A candidate's comparison with the reference against `metric`, `margin` and `alpha` of the plan."""
    metric, margin, alpha = criteria["metric"], criteria["margin"], criteria["alpha"]
    difference = comparison.difference
    checks = [
        (
            difference.value >= margin,
            f"{metric} is {difference.value:+.3f} against {reference}; the plan asks for {margin:+.3f} or more",
        ),
        (
            comparison.p_value < alpha,
            f"exact McNemar test: p = {comparison.p_value:.2g} ({comparison.wins} rows won, {comparison.losses} lost "
            f"of {comparison.n}); the plan asks for less than {alpha}",
        ),
        (
            difference.low > 0,
            f"{difference.level:.0%} interval of the difference: {difference.low:+.3f} to {difference.high:+.3f}; "
            "it must lie above 0",
        ),
    ]
    return Verdict(all(met for met, _ in checks), [f"{'Met' if met else 'Not met'}: {text}." for met, text in checks])
