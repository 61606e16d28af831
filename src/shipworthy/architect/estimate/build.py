"""Who estimates: `network` for a network that is trained in steps, else `fitted`."""

from dataclasses import replace

from shipworthy.architect.estimate import fitted, network
from shipworthy.architect.estimate.estimate import Estimate
from shipworthy.architect.estimate.problem import Problem


def estimate(problem: Problem) -> Estimate:
    """What training will take."""
    result = network.estimate(problem) if problem.quantities else fitted.estimate(problem)
    if not result.measured:
        return result
    return replace(result, measured={**result.measured, "busy": busy(problem.load, problem.machine.cores)})


def busy(load: float, cores: int) -> str:
    """A warning where others used more than a quarter of the machine before anything was measured, else nothing.

    Args:
        load: processes that wanted a core, the mean of a minute.
    """
    if load <= cores / 4:
        return ""
    return f"the machine was busy (load {load:.1f} on {cores} cores), so times are too long: plan again later"
