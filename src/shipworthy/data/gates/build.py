"""Runs every gate of the config; each is implemented by the file of its name."""

from collections.abc import Iterable
from dataclasses import asdict, fields

from shipworthy.core.errors import ShipworthyError
from shipworthy.core.lazy import Lazy
from shipworthy.core.progress import say
from shipworthy.data.gates.gate import Gate
from shipworthy.data.gates.interface import GateInput, GateResult, Verdict
from shipworthy.data.gates.schema import Gates

GATES = Lazy("shipworthy.data.gates.{data.gates}")
FIRST = 3
"""Violations and rows that an error message names; the report has more."""


def run(config: Gates, inputs: GateInput) -> list[Verdict]:
    """Runs the gates, in the order of the config.

    Raises:
        UsageError: a gate cannot be applied to these rows.
    """
    verdicts, asked = [], config.asked()
    for name in (f.name for f in fields(asked)):
        if isinstance(gate := getattr(asked, name), Gate):
            found: GateResult = GATES.load(name).check(gate, inputs)
            verdicts.append(_verdict(name, gate, found, inputs, config.show))
            for line in _lines(verdicts[-1]):
                say(line)
    return verdicts


def refuse(verdicts: Iterable[Verdict]) -> None:
    """Raises an error if a gate with the action `fail` does not hold; called after the report is written.

    Raises:
        ShipworthyError: names the gates, their violations and the first rows.
    """
    failed = [one for one in verdicts if not one.passed and one.action == "fail"]
    if failed:
        reasons = "; ".join(f"{one.gate}: {_why(one)}" for one in failed)
        raise ShipworthyError(
            f"The data does not pass {', '.join(one.gate for one in failed)} ({reasons}): correct the data, or "
            "the gate (data.gates)."
        )


def _verdict(name: str, gate: Gate, found: GateResult, inputs: GateInput, show: int) -> Verdict:
    return Verdict(
        gate=name,
        passed=not found.violations,
        action=gate.action,
        violations=found.violations,
        warnings=found.warnings,
        measurements=[asdict(number) for number in found.measurements],
        failing_rows=found.failing_rows,
        rows_checked=found.rows_checked,
        total=inputs.total,
        rows=found.rows.head(show).to_dicts(),
    )


def _lines(verdict: Verdict) -> list[str]:
    outcome = "pass" if verdict.passed else verdict.action
    first = f"gate {verdict.gate}: {outcome}" + ("" if verdict.passed else f": {_why(verdict)}")
    more = len(verdict.warnings) - FIRST
    return [
        first,
        *(f"gate {verdict.gate}: warn: {text}" for text in verdict.warnings[:FIRST]),
        *([f"gate {verdict.gate}: warn: {more} more of the kind, see data.html"] if more > 0 else []),
    ]


def _why(verdict: Verdict) -> str:
    rows = ", ".join(row["id"] for row in verdict.rows[:FIRST])
    return "; ".join(verdict.violations[:FIRST]) + (f"; first rows: {rows}" if rows else "")
