"""Runs every gate of the config; each is implemented by the file of its name."""

import platform
from collections.abc import Iterable
from dataclasses import asdict
from functools import partial

from shipworthy.core.errors import ShipworthyError, UsageError
from shipworthy.core.lazy import Lazy
from shipworthy.core.parallel import Mapper
from shipworthy.core.progress import say
from shipworthy.data.gates.gate import Gate
from shipworthy.data.gates.interface import GateInput, GateResult, Verdict
from shipworthy.data.gates.schema import Gates

GATES = Lazy("shipworthy.data.gates.{data.gates}")
OF_CLASSES = frozenset({"balance", "labels", "contradictions"})
"""Gates that answers which are numbers can't have."""
FIRST = 3
"""Violations and rows that an error message names; the report has more."""


def run(config: Gates, inputs: GateInput, mapper: Mapper | None = None) -> list[Verdict]:
    """Runs the gates; the verdicts come, and are said, in the order of the config.

    Args:
        mapper: who checks them, wherever that is; null: this process, one after the other, for each has the sample of
            the rows and the models that it fits in memory.

    Raises:
        UsageError: a gate cannot be applied to these rows.
    """
    if inputs.numbers and (unfit := OF_CLASSES & set(config.asked().checked)):
        raise UsageError(
            f"data.gates.{min(unfit)} looks at classes, and the answers of a regression are numbers: drop it."
        )
    over: Mapper = mapper or map
    check = partial(_check_elsewhere if mapper else _check, inputs, config.show)
    verdicts = []
    for verdict in over(check, config.asked().checked.items()):
        verdicts.append(verdict)
        for line in _lines(verdict):
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


def _check(inputs: GateInput, show: int, named: tuple[str, Gate]) -> Verdict:
    name, gate = named
    return _verdict(name, gate, GATES.load(name).check(gate, inputs), inputs, show)


def _check_elsewhere(inputs: GateInput, show: int, named: tuple[str, Gate]) -> Verdict:
    """What a job does.

    Raises:
        UsageError: its node does not see the rows.
    """
    if unseen := [file for file in inputs.files if not file.is_file()]:
        raise UsageError(
            f"The node {platform.node()}, a job of data.slurm, does not see {unseen[0]}: put the workspace on a disk "
            "that all nodes see (workspace=FOLDER), or set data.slurm=null."
        )
    return _check(inputs, show, named)


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
