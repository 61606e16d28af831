"""What a training made a model forget: the same questions before and after, over all and by skill."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from shipworthy.evaluation import claims, figures, intervals, paired
from shipworthy.evaluation.claims import Claim
from shipworthy.evaluation.intervals import Interval
from shipworthy.evaluation.measures import GENERAL_ANSWERS, GENERAL_LOSS
from shipworthy.evaluation.metric import metric
from shipworthy.evaluation.resampling import Resampling

if TYPE_CHECKING:  # statistics need no network
    from shipworthy.train.general.scores import Scores

LOST, KEPT, OPEN = "lost", "kept", "not shown"
DECIDE = {"answers": GENERAL_ANSWERS, "loss": GENERAL_LOSS}
MEASURES = {**DECIDE, "own": GENERAL_LOSS}
"""What is told of it → its metric; the loss on the base model's own answers rises with a new manner too, so it decides
nothing."""
UNITS = {"answers": "of right answers", "loss": "nats of loss on right answers"}
REMEDY = (
    "Mix general rows into each batch (trainer.replay.share=0.2; docs/training.md), or lower optimizer.lr or "
    "trainer.steps, and train again."
)


def verdict(
    skills: Sequence[str],
    before: "Scores",
    after: "Scores",
    *,
    margin: float,
    loss_margin: float,
    alpha: float,
    seed: int,
) -> dict[str, Any]:
    """As it is in training.json: figures, claims, words.

    `lost`: over all or in a skill it is worse, and not shown to be so by less than the margin, in right answers or in
    their loss. `kept`: neither is, and over all both are shown to lose less than their margins. Else `not shown`.

    Args:
        skills: of each of the N questions.
        before, after: scores of the same N questions.
        margin: right answers that may be lost (share).
        loss_margin: by which their loss may rise (nats per token).
        alpha: significance level; p-values of the skills are adjusted for their number (Holm).
    """
    margins = {"answers": margin, "loss": loss_margin, "own": loss_margin}
    names = list(dict.fromkeys(skills))
    groups = [np.flatnonzero(np.array(skills) == name).tolist() for name in names]
    everything = list(range(len(skills)))
    found: dict[str, list[dict[str, Any]]] = {
        key: [
            *_compared(key, before, after, [everything], margins[key], alpha, seed),
            *_compared(key, before, after, groups, margins[key], alpha, seed),
        ]
        for key in MEASURES
    }
    parts = [
        {"skill": name, "n": len(places), **{key: found[key][i] for key in MEASURES}}
        for i, (name, places) in enumerate([("all", everything), *zip(names, groups, strict=True)])
    ]
    words, sentence = _said(parts, margins)
    return {
        "words": words,
        "sentence": sentence,
        "remedy": REMEDY if words == LOST else "",
        "alpha": alpha,
        "margins": margins,
        "correction": f"Holm over {len(names)} skills",
        "whole": parts[0],
        "skills": parts[1:],
    }


def _compared(
    key: str, before: "Scores", after: "Scores", groups: Sequence[list[int]], margin: float, alpha: float, seed: int
) -> list[dict[str, Any]]:
    """Of each group of questions both values with their intervals, and what was shown."""
    name, right = MEASURES[key], key == "answers"
    was, now = (_values(key, one) for one in (before, after))
    hows = [Resampling(len(places), None, seed, alpha) for places in groups]
    better = metric(name).GREATER_IS_BETTER
    pairs = [
        paired.by_row(now[places], was[places], how, right=right, greater_is_better=better)
        for places, how in zip(groups, hows, strict=True)
    ]
    return [
        {
            "before": _interval(was[places], seed, right=right).to_json(),
            "after": _interval(now[places], seed, right=right).to_json(),
            "claim": claim.to_json(),
        }
        for places, claim in zip(groups, claims.decide(name, pairs, alpha, margin), strict=True)
    ]


def _values(key: str, found: "Scores") -> NDArray[np.float64]:
    return {"answers": found.right, "loss": found.loss, "own": found.own_loss}[key]


def _interval(values: NDArray[np.float64], seed: int, *, right: bool) -> Interval:
    return intervals.wilson(int(values.sum()), len(values)) if right else intervals.mean(values, seed)


def _said(parts: Sequence[dict[str, Any]], margins: dict[str, float]) -> tuple[str, str]:
    """The verdict in a word and in a sentence."""
    claimed = [(part["skill"], key, Claim.from_json(part[key]["claim"])) for part in parts for key in DECIDE]
    lost = [(skill, key, one) for skill, key, one in claimed if one.words == claims.WORSE and not one.within_margin]
    n = parts[0]["n"]
    if lost:
        told = "; ".join(f"{_where(skill)} {_figures(key, one)}" for skill, key, one in lost)
        return LOST, f"The training made the model worse at what it could do before: {told} ({n} questions)."
    allowed = " and ".join(f"{figures.amount(DECIDE[key], margins[key])} {UNITS[key]}" for key in DECIDE)
    over_all = "; ".join(f"{one.sentence}, {one.shown_by}" for _, _, one in claimed[: len(DECIDE)])
    if all(one.within_margin for _, _, one in claimed[: len(DECIDE)]):
        return (
            KEPT,
            f"Over all {n} general questions less than {allowed} are lost ({over_all}); no skill is shown to be.",
        )
    return OPEN, f"Over all {n} general questions it is not shown that less than {allowed} are lost ({over_all})."


def _where(skill: str) -> str:
    return "over all" if skill == "all" else f"in {skill}"


def _figures(key: str, claim: Claim) -> str:
    return f"{figures.difference(DECIDE[key], claim.difference)} {UNITS[key]}"
