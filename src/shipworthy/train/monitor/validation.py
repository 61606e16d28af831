"""Detectors that look at what a validation measured: the entry before `end` is the validated step's."""

from shipworthy.train.monitor.findings import Detection, History
from shipworthy.train.monitor.schema import Forgetting, ModeCollapse

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
    """The base model's own answers to general prompts became unlikely."""
    entry = history[end - 1]
    if "general_nll" not in entry or "general_nll_before" not in entry:
        return None
    value, before, step = float(entry["general_nll"]), float(entry["general_nll_before"]), int(entry["step"])
    if value - before <= config.rise:
        return None
    sentence = (
        f"The model forgets: the loss on general prompts is {value:.3g} at step {step}, and was {before:.3g} before "
        "training: lower optimizer.lr, trainer.steps or adapter.rank, or mix general rows into the data."
    )
    return Detection(value, before + config.rise, step, sentence)
