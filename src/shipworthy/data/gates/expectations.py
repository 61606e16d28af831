"""Gate: a suite of Great Expectations holds; toolchains/great_expectations/ runs it in its own environment."""

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import polars as pl

from shipworthy.core.errors import ShipworthyError, UsageError
from shipworthy.core.lazy import project_files
from shipworthy.core.project import code_root, project_root
from shipworthy.data.gates.interface import GateInput, GateResult, Measurement
from shipworthy.data.gates.row_settings import Expectations

FOLDER = project_files("toolchains/great_expectations")


def check(config: Expectations, inputs: GateInput) -> GateResult:
    """Validates the sample of train and validation (id, features, answer) against the suite.

    Raises:
        UsageError: there is no such suite, or the environment lacks Great Expectations.
        ShipworthyError: the suite cannot be run.
    """
    suite = project_root() / config.suite
    if not suite.is_file():
        raise UsageError(f"data.gates.expectations.suite={config.suite} does not exist: name the suite's JSON file.")
    python = config.python or sys.executable
    _need(python)
    rows = inputs.sample.select("id", *inputs.features, "answer")
    with tempfile.TemporaryDirectory() as scratch:
        rows.write_parquet(file := Path(scratch) / "rows.parquet")
        command = [python, str(code_root() / FOLDER / "validate.py"), str(suite), str(file)]
        done = subprocess.run(command, capture_output=True, encoding="utf-8", errors="replace", check=False)
    if done.returncode != 0:
        last = (done.stderr.strip() or "it wrote nothing").splitlines()[-1]
        raise ShipworthyError(f"The suite {config.suite} cannot be run: {last}")
    return _finding(json.loads(done.stdout), rows.height)


def _need(python: str) -> None:
    try:
        there = subprocess.run([python, "-c", "import great_expectations"], capture_output=True, check=False).returncode
    except OSError:
        there = 1
    if there != 0:
        raise UsageError(
            f"data.gates.expectations: {python} has no great_expectations: `python -m venv ENV && ENV/bin/pip install "
            f"-r {FOLDER}/requirements.txt`, and set data.gates.expectations.python=ENV/bin/python."
        )


def _finding(result: dict[str, Any], rows_checked: int) -> GateResult:
    violations, measurements, rows = [], [], []
    for one in result["results"]:
        what = _name(one["expectation_config"])
        if one["exception_info"].get("raised_exception"):
            violations.append(f"{what} could not be checked: {str(one['exception_info']['exception_message']).strip()}")
        elif not one["success"]:
            violations.append(f"{what} does not hold")
        if (percent := one["result"].get("unexpected_percent")) is not None:
            allowed = 1 - float(one["expectation_config"]["kwargs"].get("mostly", 1))
            measurements.append(Measurement(f"share of rows that break {what}", percent / 100, allowed))
        if not one["success"]:
            rows += [{"id": str(row["id"]), "detail": what} for row in one["result"].get("unexpected_index_list") or []]
    frame = pl.DataFrame(rows, GateResult([], 0).rows.schema).sort("id", maintain_order=True)
    return GateResult(violations, rows_checked, measurements, frame, frame["id"].n_unique())


def _name(config: dict[str, Any]) -> str:
    kwargs = {key: value for key, value in config["kwargs"].items() if key != "batch_id"}
    return f"{config['type']}({', '.join(f'{key}={value}' for key, value in sorted(kwargs.items()))})"
