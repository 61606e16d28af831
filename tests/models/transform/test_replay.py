"""The replay alone, as a package carries it: no polars, no shipworthy."""

import json
import subprocess
import sys
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from shipworthy.core.errors import ArtifactError
from shipworthy.models.dataset import SPLITS
from shipworthy.models.transform import replay
from shipworthy.models.transform.transformation import OPERATIONS, Transformation, arrays, raw_validation
from shipworthy.optimize.package.carried import carry
from tests.data.fitted.table import table
from tests.stages import workspaces

SAVED: dict[str, Any] = {
    "inputs": {"age": "number", "job": "name", "hours": "number"},
    "steps": [
        {"op": "fill", "column": "age", "value": 37.0},
        {"op": "clip", "column": "age", "low": 20.0, "high": 60.0},
        {"op": "mark", "column": "age", "low": 25.0, "high": 60.0, "output": "young"},
        {
            "op": "codes",
            "column": "job",
            "outputs": [{"name": "job", "codes": {"judge": 1.0}, "missing": None, "unseen": -1.0}],
        },
    ],
}


def test_it_stands_alone(tmp_path: Path) -> None:
    carry(tmp_path, replay, *(OPERATIONS.load(step["op"]) for step in SAVED["steps"]))
    script = (
        "import json, sys; sys.path.insert(0, sys.argv[1])\n"
        "from shipworthy.models.transform.replay import Replay\n"
        "replay = Replay(json.loads(sys.argv[2]))\n"
        "raw = {'age': [None, 99], 'job': ['judge', 'clerk'], 'hours': [1, None]}\n"
        "made = replay({name: replay.column(name, values) for name, values in raw.items()})\n"
        "assert not {'polars', 'shipworthy.core', 'xgboost'} & set(sys.modules)\n"
        "assert sys.modules['shipworthy'].__path__ == [sys.argv[1] + '/shipworthy']\n"
        "print({name: values.tolist() for name, values in made.items()})"
    )
    command = [sys.executable, "-I", "-c", script, str(tmp_path), json.dumps(SAVED)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == (
        "{'age': [37.0, 60.0], 'job': [1.0, -1.0], 'hours': [1.0, nan], 'young': [0.0, 0.0]}"
    )


def test_columns_that_no_step_names_keep_type_and_value() -> None:
    rows = table(20)
    made = Transformation(SAVED).apply(rows)
    assert made["hours"].equals(rows["hours"]) and made["town"].equals(rows["town"])
    assert made["age"].to_list() == [min(max(age or 37.0, 20.0), 60.0) for age in rows["age"]]


def test_a_column_that_is_missing_is_named() -> None:
    with pytest.raises(ArtifactError, match="lack the column job"):
        Transformation(SAVED).apply(table(5).drop("job"))


def test_a_name_that_is_taken_is_refused() -> None:
    with pytest.raises(ArtifactError, match="makes a column young, which the rows have already"):
        Transformation(SAVED).apply(table(5).rename({"town": "young"}))


def test_times_come_in_service_as_text_that_is_read_as_the_time_itself(tmp_path: Path) -> None:
    moments = [datetime(2024, 3, 1, 10, 30), None, datetime(2024, 12, 31, 23, 59, 59, 250_000)]
    rows = pl.DataFrame({"id": ["a", "b", "c"], "at": moments, "day": [date(2024, 3, 1), date(1969, 7, 20), None]})
    workspaces.write_dataset(tmp_path, {name: rows.with_columns(answer=pl.lit("x")) for name in SPLITS})
    served = raw_validation(workspaces.workspace(tmp_path, "package").read("dataset"))
    assert served["day"].to_list() == ["2024-03-01", "1969-07-20", None]
    kinds = {"at": "time", "day": "time"}
    as_text, as_time = arrays(served, kinds), arrays(rows, kinds)
    for name in kinds:
        assert np.array_equal(as_text[name], as_time[name], equal_nan=True)
    assert as_text["at"][2] == datetime(2024, 12, 31, 23, 59, 59, 250_000, tzinfo=UTC).timestamp()
