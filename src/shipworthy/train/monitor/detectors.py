"""What a run's history says is wrong: pure functions of history and config, so that a resumed run judges the same."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from shipworthy.train.monitor.data_wait import slow_data
from shipworthy.train.monitor.detector import Detector
from shipworthy.train.monitor.findings import Detection, Finding, History
from shipworthy.train.monitor.gradients import dead_adapter, explosion, vanishing
from shipworthy.train.monitor.losses import divergence, not_finite, plateau, spike
from shipworthy.train.monitor.schema import Monitor
from shipworthy.train.monitor.validation import forgetting, mode_collapse
from shipworthy.train.monitor.validation_curves import overfitting, patience

DetectorFunction = Callable[[History, int, Any], Detection | None]

AT_STEPS: Mapping[str, DetectorFunction] = {
    "not_finite": not_finite,
    "divergence": divergence,
    "explosion": explosion,
    "spike": spike,
    "dead_adapter": dead_adapter,
    "vanishing": vanishing,
    "plateau": plateau,
    "slow_data": slow_data,
}
AT_VALIDATIONS: Mapping[str, DetectorFunction] = {
    "mode_collapse": mode_collapse,
    "forgetting": forgetting,
    "overfitting": overfitting,
}
MEASURED = ("val_metric", "val_loss", "generation_distinct_2", "general_nll")


def detect(history: History, config: Monitor) -> list[Finding]:
    """What is wrong at the last entry's step, before its optimizer step.

    A warning comes once, when its condition begins; what asks for an action comes as long as it holds.
    """
    end = len(history)
    found = []
    for name, look in AT_STEPS.items():
        settings: Detector = getattr(config, name)
        if settings.action == "off" or end % settings.stride:
            continue
        seen = look(history, end, settings)
        earlier = end - settings.stride
        if seen and not (settings.action == "warn" and earlier and look(history, earlier, settings)):
            found.append(_finding(name, settings.action, history, seen))
    return [_too_many(finding, history, config) for finding in found]


def detect_at_validation(history: History, config: Monitor, metric: str) -> list[Finding]:
    """What is wrong by what a validation added to the last entry, after its optimizer step.

    Args:
        metric: the name of the one that `val_metric` is.
    """
    end = len(history)
    measured = (n for n in range(end - 1, 0, -1) if any(key in history[n - 1] for key in MEASURED))
    earlier = next(measured, 0)
    found = []
    looks: Mapping[str, DetectorFunction] = {**AT_VALIDATIONS, "patience": partial(patience, metric=metric)}
    for name, look in looks.items():
        settings: Detector = getattr(config, name)
        seen = look(history, end, settings) if settings.action != "off" else None
        if seen and not (settings.action == "warn" and earlier and look(history, earlier, settings)):
            # It began somewhere after the last validation that did not show it.
            good = int(history[earlier - 1]["step"]) if earlier else 0
            finding = _finding(name, settings.action, history, seen)
            found.append(replace(finding, since=min(finding.since, good + 1), good=min(finding.since - 1, good)))
    return found


def _finding(name: str, action: str, history: History, seen: Detection) -> Finding:
    step = int(history[-1]["step"])
    good = max(0, seen.since - 2)
    return Finding(name, action, step, seen.value, seen.limit, seen.sentence, seen.since, good)


def _too_many(finding: Finding, history: History, config: Monitor) -> Finding:
    """The finding as it is, or more than a skip where as many steps in a row as are allowed were skipped already.

    Where nothing is finite any more the run stops; else the weights are no good, and it goes back.
    """
    if finding.action != "skip":
        return finding
    skipping = {name: look for name, look in AT_STEPS.items() if getattr(config, name).action == "skip"}
    end = len(history)
    for earlier in range(end - 1, end - 1 - config.skips, -1):
        if earlier < 1 or not any(look(history, earlier, getattr(config, name)) for name, look in skipping.items()):
            return finding
    since = int(history[end - 1 - config.skips]["step"])
    said = f"{finding.sentence} It is not the batch: the {config.skips} steps before were skipped too."
    action = "stop" if finding.detector == "not_finite" else "rollback"
    return replace(finding, action=action, sentence=said, since=since, good=max(0, since - 2))
