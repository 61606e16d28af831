"""A suite of Great Expectations as a gate.

The real one runs where SHIPWORTHY_GX_PYTHON names an interpreter that has it; what is read out of its answer is tested
with a recorded one, of version 1.24.1.
"""

import json
import os
import sys
from pathlib import Path

import pytest

from shipworthy.core.errors import UsageError
from shipworthy.data.gates import expectations
from shipworthy.data.gates.row_settings import Expectations
from tests.data.gates.inputs import gate_input, rows

RECORDED = Path(__file__).parent / "expectations.json"
SUITE = {
    "name": "pay",
    "expectations": [
        {"type": "expect_column_values_to_be_between", "kwargs": {"column": "age", "min_value": 18, "max_value": 75}},
        {"type": "expect_column_to_exist", "kwargs": {"column": "wage"}},
        {"type": "expect_column_values_to_not_be_null", "kwargs": {"column": "job", "mostly": 0.9}},
    ],
}
FAULTS = [
    "expect_column_values_to_be_between(column=age, max_value=75.0, min_value=18.0) does not hold",
    "expect_column_to_exist(column=wage) does not hold",
]


def says_what_it_should(found: expectations.GateResult) -> None:
    old = (
        rows().filter(age=76).vstack(rows().filter(age=77)).vstack(rows().filter(age=78)).vstack(rows().filter(age=79))
    )
    seen = old.filter(old["split"] != "test")
    assert found.violations == FAULTS
    assert found.rows["id"].to_list() == sorted(seen["id"])
    assert (found.failing_rows, found.rows_checked) == (seen.height, 800)
    assert [(round(one.value, 3), round(one.limit, 3)) for one in found.measurements] == [
        (round(seen.height / 800, 3), 0.0),
        (round(rows().filter(rows()["split"] != "test")["job"].null_count() / 800, 3), 0.1),
    ]


def test_its_answer_is_read() -> None:
    says_what_it_should(expectations._finding(json.loads(RECORDED.read_text(encoding="utf-8")), 800))


@pytest.mark.expectations
def test_the_real_one_says_so(tmp_path: Path) -> None:
    (tmp_path / "suite.json").write_text(json.dumps(SUITE), encoding="utf-8")
    config = Expectations(suite=str(tmp_path / "suite.json"), python=os.environ["SHIPWORTHY_GX_PYTHON"])
    says_what_it_should(expectations.check(config, gate_input(rows())))
    (tmp_path / "suite.json").write_text(
        json.dumps(SUITE | {"expectations": SUITE["expectations"][2:]}), encoding="utf-8"
    )
    assert expectations.check(config, gate_input(rows())).violations == []


def test_a_suite_or_a_library_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="does not exist: name the suite's JSON file"):
        expectations.check(Expectations(suite="nowhere.json"), gate_input(rows()))
    (tmp_path / "suite.json").write_text("{}", encoding="utf-8")
    for python in (sys.executable, str(tmp_path / "no-python")):
        with pytest.raises(UsageError, match=r"has no great_expectations: `python -m venv ENV .*requirements\.txt`"):
            expectations.check(Expectations(suite=str(tmp_path / "suite.json"), python=python), gate_input(rows()))
