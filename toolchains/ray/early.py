"""What ends trials early: Ray's schedulers."""

import math

from ray.tune.schedulers import AsyncHyperBandScheduler, FIFOScheduler, MedianStoppingRule, TrialScheduler


class ToTheEnd:
    """At its last step a trial ends by itself: to stop it there saves nothing, and loses it as a whole one."""

    last_step = math.inf

    def on_trial_result(self, tune_controller, trial, result):
        if result.get("step", 0) >= self.last_step:
            return TrialScheduler.CONTINUE
        return super().on_trial_result(tune_controller, trial, result)


class Asha(ToTheEnd, AsyncHyperBandScheduler):
    """Asynchronous successive halving."""


class Median(ToTheEnd, MedianStoppingRule):
    """The median stopping rule."""


class Known:
    """A trial of an earlier driver, as schedulers know trials."""

    def __init__(self, number):
        self.trial_id = f"known-{number}"


def scheduler(order):
    """What ends trials early, with what it would know of the trials before."""
    asked, (goal, *_) = order["pruner"], order["objectives"]
    about = {"time_attr": "step", "metric": goal["name"], "mode": goal["direction"].removesuffix("imize")}
    match asked["name"]:
        case "none":
            return FIFOScheduler()
        case "asha":
            found = Asha(
                grace_period=asked["first_step"], max_t=asked["last_step"], reduction_factor=asked["reduction"], **about
            )
        case "median":
            found = Median(
                grace_period=asked["first_step"],
                min_samples_required=asked["startup"],
                min_time_slice=math.inf,  # never a pause
                **about,
            )
        case other:
            raise ValueError(other)
    found.last_step = asked["last_step"]
    for one in order["known"]:
        trial = Known(one["number"])
        if one["state"] != "waiting" and one["reports"]:
            found.on_trial_add(None, trial)
            for step, value in one["reports"]:
                found.on_trial_result(None, trial, {"step": step, goal["name"]: value})
    return found
