"""The plan as it is written: plan.json, plan.md, criteria.json and fits.json."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import jinja2

from shipworthy.architect.compute.energy import kwh
from shipworthy.architect.compute.schema import Machine
from shipworthy.architect.estimate.estimate import Bounds, Estimate
from shipworthy.architect.estimate.memory import BaselineMemory
from shipworthy.architect.estimate.problem import Problem
from shipworthy.architect.fits import HOUR, Fits, memory_limit_mb, money
from shipworthy.architect.power import power
from shipworthy.core.files import write_json, write_text
from shipworthy.evaluation import figures
from shipworthy.evaluation.metric import metric, title
from shipworthy.evaluation.tasks.schema import Task

TEMPLATE = Path(__file__).parent / "plan.md.j2"


def criteria(task: Task) -> dict[str, Any]:
    """What the result will be judged by; it follows from the task alone."""
    return {"task": task.name, "metric": task.metric, "baselines": list(task.baselines), **asdict(task.criteria)}


def plan(
    problem: Problem, estimate: Estimate, verdict: Fits, baselines: Sequence[BaselineMemory] = ()
) -> dict[str, Any]:
    """The content of plan.json."""
    task, machine = problem.task, problem.machine
    cost = money(machine, estimate.total_s.value)
    return {
        "task": task.name,
        "description": task.description,
        "family": estimate.family,
        "why": estimate.why,
        "rows": asdict(problem.expected),
        "parameters": estimate.parameters,
        "trainable_parameters": estimate.trainable_parameters,
        "tokens": dict(estimate.tokens),
        "steps": estimate.steps,
        "memory_mb": {
            "parts": {name: asdict(part) for name, part in estimate.memory_mb.items()},
            "total": asdict(estimate.peak_mb),
            "limit": memory_limit_mb(machine),
        },
        "baselines": [one.to_json() for one in baselines],
        "seconds": asdict(estimate.training_s),
        "validation_seconds": asdict(estimate.validation_s),
        "general_seconds": asdict(estimate.general_s),
        "measured": dict(estimate.measured),
        "calibration": dict(estimate.calibration),
        "energy_kwh": kwh(machine, estimate.total_s.value),
        "cost": {"money": cost, "hours": estimate.total_s.value / HOUR, "currency": machine.currency},
        "machine": _machine(machine),
        "criteria": criteria(task),
        "good_enough": good_enough(task),
        "power": power(problem),
        "fits": asdict(verdict),
        "give_up": list(estimate.give_up),
    }


def good_enough(task: Task) -> list[str]:
    """The criteria of quality in words."""
    name, asked = task.metric, task.criteria
    direction = "above" if metric(name).GREATER_IS_BETTER else "below"
    least = f"at least {figures.margin(name, asked.margin, 'it')} {direction}" if asked.margin else direction
    by_metric = f"{title(name)} {least} the best of: {', '.join(task.baselines)}; paired test, p < {asked.alpha:g}"
    by_judge = f"a language model as judge finds it better than the best of them; paired test, p < {asked.alpha:g}"
    better = {
        "none": [by_metric],
        "also": [by_metric, f"{by_judge} (task.criteria.judge=also)"],
        "alone": [
            f"{by_judge.replace('them', ', '.join(task.baselines))} (task.criteria.judge=alone): {title(name)} chooses "
            "that one on validation, is reported, and does not decide"
        ],
    }[asked.judge]
    return [
        *better,
        f"made smaller, it loses less than {figures.margin(name, asked.noninferiority_margin, 'it')}: shown, not hoped",
    ]


def write(
    folder: Path, problem: Problem, estimate: Estimate, verdict: Fits, baselines: Sequence[BaselineMemory] = ()
) -> dict[str, Any]:
    """Fills the plan's folder; criteria.json and fits.json, on which others depend, hold nothing that was measured."""
    document = plan(problem, estimate, verdict, baselines)
    write_json(folder / "plan.json", document)
    write_text(folder / "plan.md", render(document))
    write_json(folder / "criteria.json", document["criteria"])
    write_json(folder / "fits.json", document["fits"])
    return document


def render(document: Mapping[str, Any]) -> str:
    """The plan as a page in Markdown."""
    environment = jinja2.Environment(
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
        autoescape=jinja2.select_autoescape(default_for_string=False),
    )
    environment.filters |= {"mb": _mb, "time": _time, "bounds": _bounds, "amount": figures.amount}
    return environment.from_string(TEMPLATE.read_text(encoding="utf-8")).render(**document)


def _machine(machine: Machine) -> dict[str, Any]:
    return {name: value for name, value in asdict(machine).items() if name != "kind"}


def _mb(value: float) -> str:
    return f"{value / 1000:.1f} GB" if value >= 1000 else f"{value:.0f} MB"


def _time(seconds: float) -> str:
    if seconds < 60:
        return f"{seconds:.1f} s" if seconds < 10 else f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 2 * HOUR else f"{seconds / HOUR:.1f} h"


def _bounds(value: Mapping[str, float], unit: str) -> str:
    words = {"mb": _mb, "time": _time}[unit]
    known = Bounds(**value)
    if known.low == known.high:
        return words(known.value)
    return f"{words(known.value)} ({words(known.low)} to {words(known.high)})"
