"""Runs every gate of the config; each is the file of its name."""

from collections.abc import Iterable
from dataclasses import asdict, fields

from shipworthy.core.errors import ShipworthyError
from shipworthy.core.lazy import Lazy
from shipworthy.core.progress import say
from shipworthy.data.gates.schema import Gate, Gates
from shipworthy.data.gates.view import Finding, Verdict, View

GATES = Lazy("shipworthy.data.gates.{data.gates}")
FIRST = 3
"""So many rows a refusal names; the report has more."""


def run(config: Gates, view: View) -> list[Verdict]:
    """What each gate says, in the order of the config.

    Raises:
        UsageError: a gate cannot be applied to these rows.
    """
    verdicts = []
    for name in (f.name for f in fields(config)):
        if isinstance(gate := getattr(config, name), Gate):
            found: Finding = GATES.load(name).check(gate, view)
            verdicts.append(_verdict(name, gate, found, view, config.show))
            say(_line(verdicts[-1]))
    return verdicts


def refuse(verdicts: Iterable[Verdict]) -> None:
    """Ends `prepare` where a gate that must hold does not; called when the report is written.

    Raises:
        ShipworthyError: with the gates, what is wrong, and the first rows.
    """
    failed = [one for one in verdicts if not one.passed and one.action == "fail"]
    if failed:
        reasons = "; ".join(f"{one.gate}: {_why(one)}" for one in failed)
        raise ShipworthyError(
            f"The data does not pass {', '.join(one.gate for one in failed)} ({reasons}): correct the data, or "
            "the gate (data.gates)."
        )


def _verdict(name: str, gate: Gate, found: Finding, view: View, show: int) -> Verdict:
    return Verdict(
        gate=name,
        passed=not found.faults,
        action=gate.action,
        faults=found.faults,
        numbers=[asdict(number) for number in found.numbers],
        failing=found.failing,
        looked_at=found.looked_at,
        total=view.total,
        rows=found.rows.head(show).to_dicts(),
    )


def _line(verdict: Verdict) -> str:
    outcome = "pass" if verdict.passed else verdict.action
    return f"gate {verdict.gate}: {outcome}" + ("" if verdict.passed else f": {_why(verdict)}")


def _why(verdict: Verdict) -> str:
    rows = ", ".join(row["id"] for row in verdict.rows[:FIRST])
    return "; ".join(verdict.faults[:FIRST]) + (f"; first rows: {rows}" if rows else "")
