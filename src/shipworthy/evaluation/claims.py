"""The one place that decides, and says, whether a candidate is better, worse, equal or not worse than a reference."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any

from shipworthy.core.errors import ShipworthyError
from shipworthy.evaluation import figures
from shipworthy.evaluation.intervals import Interval
from shipworthy.evaluation.metric import metric
from shipworthy.evaluation.paired import Pair, holm

BETTER, WORSE, EQUAL, NOT_WORSE, OPEN = "better", "worse", "equal", "not worse", "no difference shown"
LEVEL = 0.95
"""Of the interval that is shown and must not hold 0; where alpha is larger, 1 - alpha."""


@dataclass(frozen=True)
class Claim:
    """What was shown of a candidate against a reference, and by which figures.

    Attributes:
        words: BETTER or WORSE: there is a difference (test at alpha, and the interval does not hold 0); else EQUAL
            (within the margin either way, by two one-sided tests: Schuirmann 1987, J. Pharmacokinet. Biopharm.
            15:657), NOT_WORSE (worse by less than the margin, if at all), or OPEN.
        metric: by which.
        difference: candidate - reference.
        p_value: two-sided, of no difference; adjusted where the candidate is one of several.
        p_margin: one-sided, of 'worse by the margin or more'; adjusted likewise. None without a margin.
        within: the one-sided interval's other form: of level 1 - 2 alpha, whose worse end `p_margin` belongs to.
        alpha, margin: what was asked for, in the metric's unit.
        test: what the p-value comes from.
        n: rows.
        wins, losses: rows on which one did better than the other (None: the metric says nothing of single rows).
        tests: candidates that the p-values are adjusted for.
    """

    words: str
    metric: str
    difference: Interval
    p_value: float
    p_margin: float | None
    within: Interval | None
    alpha: float
    margin: float | None
    test: str
    n: int
    wins: int | None
    losses: int | None
    tests: int = 1

    @property
    def gain(self) -> float:
        """How much better the candidate is (below 0: worse), whichever direction the metric has."""
        return self.difference.value if metric(self.metric).GREATER_IS_BETTER else -self.difference.value

    @property
    def within_margin(self) -> bool:
        """Whether it was shown that less than the margin is lost: nothing is, or the test at the margin says so."""
        if self.margin is None or self.p_margin is None or self.within is None:
            return False
        if self.words == BETTER:
            return True
        return self.p_margin < self.alpha and gain(self.metric, self.within).low > -self.margin

    @property
    def figures(self) -> str:
        """`+12.3 points [+10.0, +14.6], p < 0.0001`, with the digits that the decision needs."""
        return f"{figures.difference(self.metric, self.difference)}, {figures.probability(self.p_value, self.alpha)}"

    @property
    def margin_figures(self) -> str:
        """The same for the margin: the interval of level 1 - 2 alpha, and the one-sided p-value."""
        assert self.within is not None and self.margin is not None and self.p_margin is not None
        shown = figures.difference(self.metric, self.within, figures.both_ways(self.margin))
        p = figures.probability(self.p_margin, self.alpha)
        return f"{shown} ({100 * self.within.level:.4g}%), {p} of a loss of {self._margin} or more"

    @property
    def shown_by(self) -> str:
        """The figures that the words rest on."""
        if self.margin is None or self.words == BETTER or (self.words == WORSE and not self.within_margin):
            return self.figures
        return f"{self.figures}; {self.margin_figures}" if self.words == WORSE else self.margin_figures

    @property
    def sentence(self) -> str:
        """What may be said of it: `better`, `worse, by less than 3 points`, `not worse (by 3 points or more)`."""
        if self.margin is None or self.words == BETTER:
            return self.words
        margin = self._margin
        if self.words == WORSE:
            return f"worse, by less than {margin}" if self.within_margin else "worse"
        return {
            EQUAL: f"equal (within {margin})",
            NOT_WORSE: f"not worse (by {margin} or more)",
            OPEN: f"no difference shown, nor that less than {margin} is lost",
        }[self.words]

    @property
    def _margin(self) -> str:
        assert self.margin is not None
        return figures.amount(self.metric, self.margin, self.within)

    @property
    def rows(self) -> str:
        """`on 1,000 rows (120 won, 80 lost)`."""
        told = "" if self.wins is None else f" ({self.wins:,} won, {self.losses:,} lost)"
        return f"on {self.n:,} rows{told}"

    def to_json(self) -> dict[str, Any]:
        """As it is in JSON files."""
        return asdict(self)

    @classmethod
    def from_json(cls, record: dict[str, Any]) -> "Claim":
        """Reads it back; what else the record holds is left aside."""
        own = {one.name: record[one.name] for one in fields(cls)}
        within = own["within"]
        intervals = {
            "difference": Interval(**own["difference"]),
            "within": None if within is None else Interval(**within),
        }
        return cls(**{**own, **intervals})


def margin_of(name: str, margin: float, reference: float) -> float:
    """A margin of the plan in the metric's unit; where that is not known beforehand, it is a share of the reference."""
    return margin * abs(reference) if metric(name).UNIT == "number" else margin


def best(name: str, values: Mapping[str, float]) -> str:
    """Who has the best value of a metric; of equal ones the first.

    Args:
        values: candidate → value.
    """
    choose = max if metric(name).GREATER_IS_BETTER else min
    return choose(values, key=lambda one: values[one])


def decide(name: str, pairs: Sequence[Pair], alpha: float, margin: float | None = None) -> list[Claim]:
    """What was shown of several candidates, each against its reference; p-values are adjusted for their number (Holm).

    Args:
        name: the metric's.
        pairs: one for each candidate.
        alpha: significance level (0 to 1).
        margin: what may be lost, in the metric's unit, above 0; None: nobody asks.
    """
    if margin is not None and margin <= 0:
        raise ShipworthyError(f"A margin of {margin} shows nothing: give more than 0.")
    two_sided = holm([one.p_value for one in pairs])
    at_margin = holm([_p_worse(name, one, margin) for one in pairs]) if margin is not None else [None] * len(pairs)
    no_better = holm([_p_better(name, one, margin) for one in pairs]) if margin is not None else [None] * len(pairs)
    return [
        _decide(name, one, alpha, margin, p, worse, better, len(pairs))
        for one, p, worse, better in zip(pairs, two_sided, at_margin, no_better, strict=True)
    ]


def _decide(
    name: str,
    pair: Pair,
    alpha: float,
    margin: float | None,
    p_value: float,
    p_worse: float | None,
    p_better: float | None,
    tests: int,
) -> Claim:
    shown = pair.interval(min(LEVEL, 1 - alpha))
    within = pair.interval(1 - 2 * alpha) if margin is not None else None
    words = OPEN
    if p_value < alpha and not shown.low <= 0 <= shown.high:
        words = BETTER if gain(name, shown).value > 0 else WORSE
    elif margin is not None and within is not None and p_worse is not None and p_better is not None:
        ends = gain(name, within)
        if p_worse < alpha and ends.low > -margin:
            words = EQUAL if p_better < alpha and ends.high < margin else NOT_WORSE
    return Claim(
        words, name, shown, p_value, p_worse, within, alpha, margin, pair.test, pair.n, pair.wins, pair.losses, tests
    )


def _p_worse(name: str, pair: Pair, margin: float) -> float:
    return pair.p_at_most(-margin) if metric(name).GREATER_IS_BETTER else pair.p_at_least(margin)


def _p_better(name: str, pair: Pair, margin: float) -> float:
    return pair.p_at_least(margin) if metric(name).GREATER_IS_BETTER else pair.p_at_most(-margin)


def gain(name: str, found: Interval) -> Interval:
    """A difference turned so that more is better, whichever direction the metric has."""
    if metric(name).GREATER_IS_BETTER:
        return found
    return Interval(-found.value, -found.high, -found.low, found.level)
