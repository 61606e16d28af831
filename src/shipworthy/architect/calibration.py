"""Calibrates estimates with measurements of past runs of the same family on the same kind of machine."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import exp, log, sqrt
from pathlib import Path
from statistics import median
from typing import Any

from scipy.stats import t as student

from shipworthy.architect.compute.schema import Machine
from shipworthy.architect.estimate.estimate import Bounds, Estimate
from shipworthy.architect.estimate.memory import BaselineMemory
from shipworthy.core.calibration import QUANTITIES, kind_of_machine, read
from shipworthy.core.identity import environment

LEAST = 3
"""Runs from which on an estimate is corrected; fewer only widen its bounds."""
MOST = 20
"""Newest runs that are used; older ones had other code or another machine."""
LEAST_SPREAD = 0.05
"""Smallest standard deviation of the logarithm of the ratio (about 5%)."""
OF_A_NORMAL = 1.4826  # a normal distribution's standard deviation over its median absolute deviation


@dataclass(frozen=True)
class Ratio:
    """Measured over estimated, of past runs.

    Attributes:
        n: runs.
        value: their median.
        low, high: with n >= `LEAST`, where the next run's ratio will lie in 95 of 100 cases; else the ends of what was
            seen.
    """

    n: int
    value: float
    low: float
    high: float

    def correct(self, estimate: Bounds) -> Bounds:
        """The estimate moved by the median and bounded by the spread; by fewer than `LEAST` runs it is only widened."""
        value = estimate.value
        if self.n >= LEAST:
            return Bounds(value * self.value, value * self.low, value * self.high)
        return Bounds(value, min(estimate.low, value * self.low), max(estimate.high, value * self.high))


def ratio(measured_over_estimated: Sequence[float]) -> Ratio | None:
    """What past ratios (above 0) say of the next; None where there are none.

    Ratios are taken in logarithms, so that half and double are equally far off. Median and median absolute deviation
    stand an outlier (Rousseeuw and Croux 1993, J. Am. Stat. Assoc. 88:1273); the interval is Student's for one more
    observation.
    """
    if not measured_over_estimated:
        return None
    logs = [log(one) for one in measured_over_estimated]
    n, middle = len(logs), median(logs)
    if n < LEAST:
        return Ratio(n, exp(middle), exp(min(logs)), exp(max(logs)))
    spread = max(OF_A_NORMAL * median([abs(one - middle) for one in logs]), LEAST_SPREAD)
    reach = float(student.ppf(0.975, n - 1)) * spread * sqrt(1 + 1 / n)
    return Ratio(n, exp(middle), exp(middle - reach), exp(middle + reach))


def calibrate(estimate: Estimate, machine: Machine, runs: Path, alike: str = "") -> Estimate:
    """The estimate set right by what past runs noted, and what it was set right by; itself if there are none.

    Args:
        machine: that the plan is for, with cores filled in.
        runs: the folder of the runs.
        alike: the hash of the config's settings (core/calibration.py): where `LEAST` runs had the same, they alone say.
    """
    here = _kind(machine)
    past = [line for line in read(runs) if line["machine"] == here and line["family"] == estimate.family]
    raw = dict(zip(QUANTITIES, (estimate.training_s, estimate.validation_s, estimate.peak_mb), strict=True))
    used = {name: _telling(past, name, alike) for name in QUANTITIES}
    ratios = {name: found for name, lines in used.items() if (found := ratio(_ratios(lines, name)))}
    served = _served(past)
    if not ratios:
        return replace(estimate, calibration={"machine": here, "served": served}) if served else estimate
    right = {name: ratios[name].correct(value) if name in ratios else value for name, value in raw.items()}
    by = {line["run_id"]: line for lines in used.values() for line in lines}
    return replace(
        estimate,
        training_s=right["seconds"],
        validation_s=right["validation_seconds"],
        peak_mb=right["memory_mb"],
        calibration={
            "machine": here,
            "runs": [line["run_id"] for line in past if line["run_id"] in by],
            "alike": sum(line.get("settings") == alike for line in by.values()),
            "least": LEAST,
            "ratios": {name: vars(found) for name, found in ratios.items()},
            "estimated": {name: vars(value) for name, value in raw.items()},
            "served": served,
        },
    )


def calibrate_baselines(needed: Sequence[BaselineMemory], machine: Machine, runs: Path) -> list[BaselineMemory]:
    """The baselines' memory set right by past fits of the same families on this kind of machine."""
    here, past = _kind(replace(machine, gpus=0)), read(runs)
    found = []
    for one in needed:
        lines = [line for line in past if line["machine"] == here and line["run_id"].endswith(f"/{one.name}")]
        seen = ratio(_ratios(_telling(lines, "memory_mb", ""), "memory_mb"))
        planned = one.peak_mb
        found.append(replace(one, corrected=seen.correct(planned)) if seen and planned else one)
    return found


def _kind(machine: Machine) -> str:
    return kind_of_machine(environment()["processor"], machine.cores, machine.gpus, machine.gpu_name)


def _telling(past: Sequence[Mapping[str, Any]], name: str, alike: str) -> list[Mapping[str, Any]]:
    """The newest lines with both an estimate and a measurement of a quantity: of the same settings, else of any."""
    both = [line for line in past if line["measured"].get(name) and line["estimated"].get(name, {}).get("value")]
    same = [line for line in both if line.get("settings") == alike]
    return (same if len(same) >= LEAST else both)[-MOST:]


def _ratios(lines: Sequence[Mapping[str, Any]], name: str) -> list[float]:
    return [line["measured"][name] / line["estimated"][name]["value"] for line in lines]


def _served(past: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """By engine, how past benchmarks of the family went: how many, and the medians of what they measured."""
    benches = [line["served"] for line in past if line.get("served")]
    return [
        {
            "engine": engine,
            "n": len(own),
            **{name: median(one[name] for one in own) for name in ("p95_s", "requests_per_s", "memory_mb")},
        }
        for engine in sorted({one["engine"] for one in benches})
        if (own := [one for one in benches if one["engine"] == engine][-MOST:])
    ]
