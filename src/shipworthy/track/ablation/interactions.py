"""Whether a decision does more beside one setting of another decision than beside the other: of factorial designs."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

from shipworthy.evaluation import claims
from shipworthy.evaluation.claims import OPEN, Claim
from shipworthy.evaluation.intervals import Interval
from shipworthy.track.ablation.crossed import crossed
from shipworthy.track.ablation.effects import Scores, effect, interaction, mean
from shipworthy.track.ablation.schema import Ablation


@dataclass(frozen=True)
class Simple:
    """What a change does beside one setting of another one.

    Attributes:
        name: of the change.
        other: the change that is made, or not.
        made: whether it is.
        difference: the metric with the change - the metric without it.
    """

    name: str
    other: str
    made: bool
    difference: Interval


@dataclass(frozen=True)
class Interaction:
    """Of two decisions.

    Attributes:
        of: their names.
        difference: what the one change does beside the other, minus what it does without it.
        claim: of the same.
        p: as the claim's, but not corrected for the number of interactions.
        seeds: of which all four trainings came to an end.
        simple: what the second one does beside each setting of the first, then the other way round; without the change
            first.
        means: the metric without both, with the first, with the second, with both.
    """

    of: tuple[str, str]
    difference: Interval
    claim: Claim
    p: float
    seeds: int
    simple: list[Simple]
    means: list[float]

    @property
    def shown(self) -> bool:
        """Whether the two were shown to interact."""
        return self.claim.words != OPEN

    def to_json(self) -> dict[str, Any]:
        """As it is in ablation.json."""
        found = self.difference
        simple = [
            {"name": one.name, "other": one.other, "made": one.made, "difference": one.difference.value,
             "low": one.difference.low, "high": one.difference.high} for one in self.simple
        ]  # fmt: skip
        return {
            "of": list(self.of),
            "difference": found.value,
            "low": found.low,
            "high": found.high,
            "level": found.level,
            "p": self.p,
            "p_holm": self.claim.p_value,
            "shown": self.shown,
            "seeds": self.seeds,
            "simple": simple,
            "means": self.means,
        }


def interactions(config: Ablation, scores: Scores, metric: str) -> list[Interaction]:
    """Of each two decisions of a factorial design with two whole seeds; p-values are corrected for their number."""
    if config.design != "factorial":
        return []
    names = [of for of in combinations(config.changes, 2) if len(interaction(*of, scores)) > 1]
    pairs = [crossed(interaction(*of, scores)) for of in names]
    found = claims.decide(metric, pairs, 1 - config.level)
    return [
        Interaction(
            of,
            pair.interval(config.level),
            claim,
            pair.p_value,
            pair.n,
            _simple(of, scores, config.level),
            [mean(scores, at) for at in _corners(of)],
        )
        for of, pair, claim in zip(names, pairs, found, strict=True)
    ]


def _simple(of: Sequence[str], scores: Scores, level: float) -> list[Simple]:
    return [
        Simple(name, other, made, crossed(effect(name, scores, {other: made})).interval(level))
        for name, other in ((of[1], of[0]), (of[0], of[1]))
        for made in (False, True)
    ]


def _corners(of: tuple[str, str]) -> list[dict[str, bool]]:
    return [
        {of[0]: first, of[1]: second} for first, second in ((False, False), (True, False), (False, True), (True, True))
    ]
