"""Whether a candidate is good enough, by the criteria that the plan set before it was trained."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from shipworthy.evaluation import figures
from shipworthy.evaluation.claims import Claim
from shipworthy.evaluation.metric import metric, title


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
        """As it is in JSON files."""
        return asdict(self)


def judge(claim: Claim, reference: str, margin: float, criteria: Mapping[str, Any]) -> Verdict:
    """A claim against the reference by `alpha` of the plan and its margin.

    Args:
        margin: by how much it must be better, in the metric's unit (see claims.margin_of).
    """
    name, shown = claim.metric, claim.difference
    up = metric(name).GREATER_IS_BETTER
    asked = f"{figures.amount(name, margin, shown)} or more" if margin > 0 else "any amount"
    checks = [
        (
            claim.gain > 0 and (claim.gain >= margin or figures.alike(claim.gain, margin)),
            f"{title(name)} is {figures.difference(name, shown, figures.both_ways(margin))} against {reference} "
            f"({shown.level:.0%} interval); the plan asks that it be better by {asked}",
        ),
        (
            claim.p_value < claim.alpha and claim.gain > 0,
            f"{claim.test}: {figures.probability(claim.p_value, claim.alpha)} {claim.rows}{_favour(claim, reference)}; "
            f"the plan asks for less than {claim.alpha:g}, in its own favour",
        ),
        (
            shown.low > 0 if up else shown.high < 0,
            f"{shown.level:.0%} interval of the difference: it must lie {'above' if up else 'below'} 0",
        ),
    ]
    return Verdict(all(met for met, _ in checks), [f"{'Met' if met else 'Not met'}: {text}." for met, text in checks])


def _favour(claim: Claim, reference: str) -> str:
    """A small p-value of a worse model speaks for the reference."""
    return f", in favour of {reference}" if claim.gain < 0 else ""
