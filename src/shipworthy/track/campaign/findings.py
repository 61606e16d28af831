"""What a search's trials say together: what chance alone brings, and what to do; read once for page and summary."""

from dataclasses import dataclass

from shipworthy.track.campaign.chance import Chance, answers, chance
from shipworthy.track.campaign.decision import Decision, decision
from shipworthy.track.campaign.descriptions import by_chance
from shipworthy.track.campaign.nothing import apart
from shipworthy.track.campaign.read import Campaign


@dataclass(frozen=True)
class Findings:
    """What its trials' answers to the same rows say of a search.

    Attributes:
        luck: what chance alone brings the best of so many trials (None: it can't be told).
        decision: what to do (None: of an ablation, or while the search goes on).
        sentences: what is to be known of the values, beside the decision.
    """

    luck: Chance | None
    decision: Decision | None
    sentences: list[str]


def findings(campaign: Campaign) -> Findings:
    """Reads the trials' answers."""
    by_trial = answers(campaign) if campaign.kind == "tune" else {}
    luck = chance(campaign, by_trial)
    said = [apart(by_trial), by_chance(luck, campaign) if luck and luck.most > 0 else ""]
    return Findings(luck, decision(campaign, by_trial), [one for one in said if one])
