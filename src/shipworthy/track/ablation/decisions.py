"""What to do about each decision of a recipe: keep it, drop it, or measure again with more seeds or rows.

`claims.decide` says what was shown of the training with the change against the one without it; what follows from that
depends on the design: a change that is added must bring something, one that is taken back must not lose anything.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from shipworthy.evaluation import claims
from shipworthy.evaluation.claims import BETTER, EQUAL, NOT_WORSE, OPEN, WORSE, Claim
from shipworthy.evaluation.intervals import Interval
from shipworthy.track.ablation.crossed import Crossed, crossed
from shipworthy.track.ablation.effects import Scores, effect
from shipworthy.track.ablation.interactions import Interaction
from shipworthy.track.ablation.precision import More, Spread, more, spread
from shipworthy.track.ablation.schema import Ablation

KEEP, DROP, ADOPT, LEAVE, SIMPLER, NOTHING, MEASURE = (
    "keep", "drop", "adopt", "leave out", "may be dropped", "no effect at all", "measure again",
)  # fmt: skip
TAKEN_BACK = {BETTER: DROP, WORSE: KEEP, EQUAL: SIMPLER, NOT_WORSE: SIMPLER, OPEN: MEASURE}
ADDED = {BETTER: ADOPT, WORSE: LEAVE, EQUAL: LEAVE, NOT_WORSE: MEASURE, OPEN: MEASURE}
"""What was shown of the training with the change → what to do about the decision."""


@dataclass(frozen=True)
class Decision:
    """A decision of the recipe, and what to do about it.

    Attributes:
        name: of the decision.
        difference: the metric with the change - the metric without it.
        claim: of the training with its change (candidate) against the one without it (reference).
        p: as the claim's, but not corrected for the number of decisions.
        advice: KEEP, DROP, …
        beside: the decisions that it interacts with: the claim is of the recipe's own settings of these.
        seeds: pairs that there are.
        spread: what the difference varies by (None: less than two pairs).
        more: what would decide it, where the advice is to measure again (None: nothing that could be had).
    """

    name: str
    difference: Interval
    claim: Claim
    p: float
    advice: str
    beside: tuple[str, ...]
    seeds: int
    spread: Spread | None
    more: More | None

    @property
    def half_width(self) -> float:
        """Of its interval, in the metric's unit."""
        return (self.difference.high - self.difference.low) / 2

    def to_json(self) -> dict[str, Any]:
        """As it is in ablation.json; a number that there isn't is null."""
        interval = {name: _finite(getattr(self.difference, name)) for name in ("low", "high", "level")}
        return {
            "name": self.name,
            "difference": _finite(self.difference.value),
            **interval,
            "p": self.p,
            "p_holm": self.claim.p_value,
            "shown": self.claim.words,
            "advice": self.advice,
            "beside": list(self.beside),
            "seeds": self.seeds,
            "share_of_rows": self.spread.share_of_rows(self.difference.level) if self.spread else None,
            "needs_seeds": self.more.seeds if self.more else None,
            "needs_times_the_rows": self.more.times if self.more else None,
        }


def decisions(
    config: Ablation,
    scores: Scores,
    metric: str,
    margin: float,
    *,
    interactions: Sequence[Interaction] = (),
    alike: Mapping[str, bool] | None = None,
) -> list[Decision]:
    """One per decision, in the config's order; p-values are corrected for their number.

    Args:
        metric: that the scores are of.
        margin: what a simpler recipe may lose, in the metric's unit, above 0.
        interactions: of each two decisions.
        alike: name → whether the change made the same model, byte for byte (None: none did).
    """
    beside = {
        name: tuple(other for one in interactions if one.shown and name in one.of for other in one.of if other != name)
        for name in config.changes
    }
    tables = [effect(name, scores, dict.fromkeys(beside[name], False)) for name in config.changes]
    pairs = [crossed(table) for table in tables]
    found = claims.decide(metric, pairs, 1 - config.level, margin)
    by_words = ADDED if config.design == "add_one" else TAKEN_BACK
    made = []
    for name, table, pair, claim in zip(config.changes, tables, pairs, found, strict=True):
        varies = spread(table) if len(table) > 1 else None
        advice = NOTHING if alike and alike.get(name) else MEASURE if varies is None else by_words[claim.words]
        needed = (
            more(varies, target(pair, margin, config.level), config.level) if advice == MEASURE and varies else None
        )
        shown = pair.interval(config.level)
        made.append(Decision(name, shown, claim, pair.p_value, advice, beside[name], pair.n, varies, needed))
    return made


def target(pair: Crossed, margin: float, level: float) -> float:
    """The half width of an interval that decides.

    It is the margin; of one that has that already, what tells this effect from 0 or from the margin, whichever is more.
    """
    found = pair.interval(level)
    if (found.high - found.low) / 2 > margin:
        return margin
    return max(abs(pair.value), margin - abs(pair.value))


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
