"""Detectors that look at what a validation measured: the entry before `end` is the validated step's."""

from shipworthy.evaluation import claims, figures
from shipworthy.evaluation.measures import GENERAL_ANSWERS
from shipworthy.evaluation.paired import Shares
from shipworthy.train.monitor.findings import Detection, History
from shipworthy.train.monitor.schema import Forgetting, ModeCollapse

REMEDY = "mix general rows into each batch (trainer.replay.share=0.2), or lower optimizer.lr or trainer.steps"
NAMES = {"generation_distinct_2": "distinct pairs of tokens", "generation_length": "mean length"}


def mode_collapse(history: History, end: int, config: ModeCollapse) -> Detection | None:
    """Generated answers are all alike, or far shorter than the reference answers."""
    entry = history[end - 1]
    step = int(entry["step"])
    for key, share in (("generation_distinct_2", config.distinct), ("generation_length", config.length)):
        reference = key.replace("generation_", "reference_")
        if key not in entry or reference not in entry:
            continue
        value, usual = float(entry[key]), float(entry[reference])
        if value < share * usual:
            sentence = (
                f"Generated answers collapse: their {NAMES[key]} is {value:.3g} at step {step}, that of the reference "
                f"answers {usual:.3g}: lower optimizer.lr or trainer.steps, and look for answers that are too frequent "
                "in the data."
            )
            return Detection(value, share * usual, step, sentence)
    return None


def forgetting(history: History, end: int, config: Forgetting) -> Detection | None:
    """The base model's own answers to general questions became unlikely, or surely more of its answers are wrong."""
    entry = history[end - 1]
    if "general_nll" not in entry or "general_nll_before" not in entry:
        return None
    value, before, step = float(entry["general_nll"]), float(entry["general_nll_before"]), int(entry["step"])
    if value - before > config.rise:
        said = (
            f"the loss on its own answers to general questions is {value:.3g} at step {step}, and was {before:.3g} "
            "before training"
        )
        return Detection(value, before + config.rise, step, f"The model forgets: {said}: {REMEDY}.")
    if "general_lost" not in entry:
        return None
    asked, won, lost = (int(entry[key]) for key in ("general_questions", "general_won", "general_lost"))
    (claim,) = claims.decide(GENERAL_ANSWERS, [Shares(asked, won, lost)], config.chance)
    if claim.words != claims.WORSE:
        return None
    right, before = float(entry["general_right"]), float(entry["general_right_before"])
    now, then = (figures.figure(GENERAL_ANSWERS, one) for one in (right, before))
    said = f"{now} of {asked} general questions are answered rightly at step {step}, and {then} were before training"
    return Detection(right, before, step, f"The model forgets: {said} ({claim.figures}): {REMEDY}.")
