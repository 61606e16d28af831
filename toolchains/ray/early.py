"""What ends trials early: Ray's schedulers."""

import math

from ray.tune.schedulers import AsyncHyperBandScheduler, FIFOScheduler, MedianStoppingRule


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
            found = AsyncHyperBandScheduler(
                grace_period=asked["first_step"], max_t=asked["last_step"], reduction_factor=asked["reduction"], **about
            )
        case "median":
            found = MedianStoppingRule(
                grace_period=asked["first_step"],
                min_samples_required=asked["startup"],
                min_time_slice=math.inf,  # never a pause
                **about,
            )
        case other:
            raise ValueError(other)
    for one in order["known"]:
        trial = Known(one["number"])
        if one["state"] != "waiting" and one["reports"]:
            found.on_trial_add(None, trial)
            for step, value in one["reports"]:
                found.on_trial_result(None, trial, {"step": step, goal["name"]: value})
    return found
