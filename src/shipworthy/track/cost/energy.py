"""The energy of a run: what its GPUs were measured to draw, and what is assumed of the rest."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

from shipworthy.core.energy import JOULES_PER_KWH, watts
from shipworthy.track.cost.run_intervals import RunInterval, Sample

GAP_S = 120.0
"""Between two samples further apart nothing is taken for measured."""


@dataclass(frozen=True)
class Energy:
    """Kilowatt-hours.

    Attributes:
        measured: of GPUs, by the driver's own power readings.
        assumed: by configured watts, the cores' load between idle and busy; and GPUs between their samples.
        unknown_s: seconds of which a part could be neither measured nor assumed, for no watts are configured.
    """

    measured: float = 0.0
    assumed: float = 0.0
    unknown_s: float = 0.0

    def __add__(self, other: "Energy") -> "Energy":
        """The sum, part by part."""
        return Energy(self.measured + other.measured, self.assumed + other.assumed, self.unknown_s + other.unknown_s)


def energy(interval: RunInterval, samples: Sequence[Sample], compute: Mapping[str, Any]) -> Energy:
    """Of one start.

    Args:
        samples: of the run, in the order of time.
        compute: the run's own config of that group.
    """
    mine = [sample for sample in samples if interval.start.began <= float(sample["time"]) <= interval.ended]
    gpus, rest = _gpus(interval, mine, compute), _rest(interval, mine, compute)
    return replace(gpus + rest, unknown_s=max(gpus.unknown_s, rest.unknown_s))


def _gpus(interval: RunInterval, samples: Sequence[Sample], compute: Mapping[str, Any]) -> Energy:
    if not interval.start.gpus:
        return Energy()
    powers = [(float(sample["time"]), power) for sample in samples if (power := _power(sample)) is not None]
    joules = covered = 0.0
    for (t, power), (later, then) in pairwise(powers):
        if later - t <= GAP_S:
            joules += (power + then) / 2 * (later - t)
            covered += later - t
    missing = interval.seconds - covered
    if covered:
        return Energy(joules / JOULES_PER_KWH, missing * joules / covered / JOULES_PER_KWH)
    if each := float(compute.get("gpu_watts") or 0.0):
        return Energy(assumed=len(interval.start.gpus) * each * missing / JOULES_PER_KWH)
    return Energy(unknown_s=interval.seconds)


def _power(sample: Sample) -> float | None:
    """Of all GPUs together (watts); None if one did not tell."""
    powers = [gpu.get("power_w") for gpu in sample.get("gpus") or ()]
    return float(sum(powers)) if powers and None not in powers else None


def _rest(interval: RunInterval, samples: Sequence[Sample], compute: Mapping[str, Any]) -> Energy:
    idle, busy = float(compute.get("watts_idle") or 0.0), float(compute.get("watts_busy") or 0.0)
    if not busy:
        return Energy(unknown_s=interval.seconds)
    loads = [float(sample["cpu_percent"]) / 100 for sample in samples if sample.get("cpu_percent") is not None]
    share = sum(loads) / len(loads) if loads else 1.0
    return Energy(assumed=watts(idle, busy, share) * interval.seconds / JOULES_PER_KWH)
