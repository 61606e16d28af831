"""The cost report: as lines to read, and as values for JSON."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from math import isinf
from typing import Any

from shipworthy.track.cost import table
from shipworthy.track.cost.cost import Cost, Price
from shipworthy.track.cost.gain import gain, per_point
from shipworthy.track.cost.groups import KINDS, Group
from shipworthy.track.cost.planned import planned
from shipworthy.track.runs.registry import Run

Lines = list[tuple[str, str]]
NO_PLAN = "none of this config on this kind of machine was noted"


def of_run(
    run: Run, cost: Cost, *, price: Price | None, against: str, note: Mapping[str, Any] | None
) -> tuple[Lines, dict[str, Any]]:
    """What there is to say of a run that was asked for, and the same as values.

    Args:
        price: of another machine for the same hours (None: as noted with the starts).
        against: the baseline that its gain is counted from (empty: the best).
        note: its line of runs/calibration/ (None: there is none).
    """
    currency, spent = next(iter(cost.money.items()), ("", 0.0))
    bought = gain(run, against)
    facts: dict[str, Any] = {}
    lines = table.details(cost, price, table.rate(run))
    if isinstance(bought, str):
        lines.append(("a point", f"not known: {bought}"))
        facts["gain"] = {"unknown": bought}
    else:
        each = per_point(spent, bought)
        lines.append(table.per_point(bought, each, currency))
        facts |= {"gain": asdict(bought), "per_point": {**asdict(each), "currency": currency}}
    beside = planned(note, per_hour(run, price)) if note else []
    facts["plan"] = [{**asdict(one), "inside": one.inside} for one in beside]
    return lines + (table.plan(beside, currency) or [("plan", NO_PLAN)]), facts


def per_hour(run: Run, price: Price | None) -> float | None:
    """The price of an hour of the run's machine, or of the one that was asked for; None where none is known."""
    if price:
        return price.per_hour
    return run.starts[-1].price_per_hour if run.starts else None


def tables(costs: Sequence[tuple[Run, Cost]], made: Sequence[Group]) -> str:
    """Runs, experiments and campaigns, a line each."""
    parts = [table.table([table.run_line(run, cost) for run, cost in costs], "run")]
    rows = {kind: [table.group_line(group) for group in made if group.kind == kind] for kind in KINDS}
    parts += [table.table(lines, kind) for kind, lines in rows.items() if lines]
    return "\n\n".join("\n".join(part) for part in parts)


def of_group(group: Group, *, price: Price | None, against: str) -> Lines:
    """What there is to say of an experiment or campaign; a point's cost is that of all runs, for the best one."""
    lines = table.details(group.cost, price, "")
    if group.best is None:
        return [*lines, ("a point", "not known: no run of it has finished")]
    bought = gain(group.best, against)
    if isinstance(bought, str):
        return [*lines, ("a point", f"not known: {bought}")]
    currency, spent = next(iter(group.cost.money.items()), ("", 0.0))
    what, words = table.per_point(bought, per_point(spent, bought), currency)
    of = (
        f"; all runs for the gain of {group.best.id[:8]}, the best, whose gain is too good: it was chosen by these rows"
    )
    return [*lines, (what, words + (of if len(group.runs) > 1 else ""))]


def values(
    costs: Sequence[tuple[Run, Cost]], facts: Mapping[str, Mapping[str, Any]], made: Sequence[Group]
) -> dict[str, Any]:
    """The report for JSON; what is infinite is null there."""
    runs = [{"run_id": run.id, "status": run.status, **cost.to_json(), **facts.get(run.id, {})} for run, cost in costs]
    groups = [
        {
            "kind": group.kind,
            "name": group.name,
            "run_ids": [run.id for run in group.runs],
            "best": group.best.id if group.best else None,
            **group.cost.to_json(),
        }
        for group in made
    ]
    plain: dict[str, Any] = _finite({"runs": runs, "groups": groups})
    return plain


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_finite(item) for item in value]
    return None if isinstance(value, float) and isinf(value) else value
