"""`data diff` on the command line."""

from pathlib import Path

import polars as pl
import pytest

from shipworthy.core.errors import UsageError
from shipworthy.core.files import read_json
from shipworthy.stages import data
from tests.data.versions.made import ROWS, dataset, named


def test_the_difference_is_said_and_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    a = dataset(tmp_path / "a", named(ROWS)).path
    b = dataset(tmp_path / "b", named(ROWS).filter(pl.col("age") < 60)).path
    data.run(["diff", str(a), str(b), f"json={tmp_path / 'diff.json'}"])
    said = capsys.readouterr().out
    assert f"{a} has 100 rows, {b} has 80; 80 are in both" in said
    assert "removed         20  ticket-00000040, ticket-00000041" in said
    written = read_json(tmp_path / "diff.json")
    assert (written["rows"], written["removed"][1]) == ([100, 80], 20)


@pytest.mark.parametrize("arguments", [[], ["diff"], ["diff", "a"], ["list", "a", "b"], ["diff", "a", "b", "c"]])
def test_what_is_no_question_is_refused(arguments: list[str]) -> None:
    with pytest.raises(UsageError, match="it is shipworthy data diff"):
        data.run(arguments)
