"""Whether an estimate fits the machine and the budget."""

from collections.abc import Sequence
from dataclasses import dataclass

from shipworthy.architect.compute.schema import Machine
from shipworthy.architect.estimate.estimate import Estimate
from shipworthy.architect.estimate.memory import BaselineMemory

HOUR = 3600.0


@dataclass(frozen=True)
class Fits:
    """The answer; its words hold no measured number, so that it stays the same as long as the answer does.

    Attributes:
        fits: whether nothing speaks against it.
        reasons: what speaks against it, one sentence each, without a full stop.
    """

    fits: bool
    reasons: list[str]


def memory_limit_mb(machine: Machine) -> float:
    """What the training may use (megabytes): one GPU's memory, or the machine's."""
    return 1000 * (machine.gpu_memory_gb if machine.gpus else machine.memory_gb)


def money(machine: Machine, seconds: float) -> float:
    """What a time on the machine costs (in its currency)."""
    return machine.price_per_hour * seconds / HOUR


def fits(estimate: Estimate, machine: Machine, baselines: Sequence[BaselineMemory] = ()) -> Fits:
    """Memory by its upper bound (too little ends the run), hours and money by their best guess.

    Args:
        baselines: which are fitted in the machine's own memory, whatever GPUs it has.
    """
    reasons = []
    if estimate.peak_mb.high > memory_limit_mb(machine):
        where = machine.gpu_name if machine.gpus else machine.name
        # A family that fits itself has no steps and no batches.
        change = "trainer.batch_size or task.max_length" if estimate.steps else "data.split.train_rows or data.sample"
        reasons.append(f"the peak memory may be above what {where} has: lower {change}")
    reasons += [
        f"the peak memory of baseline '{one.name}' may be above what {machine.name} has: drop it from task.baselines, "
        "or lower data.split.train_rows or data.sample"
        for one in baselines
        if one.peak_mb and one.peak_mb.high > 1000 * machine.memory_gb
    ]
    if estimate.total_s.value / HOUR > machine.budget_hours:
        reasons.append(
            f"the training would take longer than compute.budget_hours={machine.budget_hours:g}: take fewer steps"
        )
    if money(machine, estimate.total_s.value) > machine.budget_money:
        reasons.append(
            f"the training would cost more than compute.budget_money={machine.budget_money:g} {machine.currency}"
        )
    return Fits(not reasons, reasons)
