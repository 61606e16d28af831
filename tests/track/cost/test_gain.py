"""What a point cost, and when there is none to pay for."""

from math import inf
from pathlib import Path

import polars as pl
import pytest

from shipworthy.core.errors import UsageError
from shipworthy.evaluation.intervals import Interval
from shipworthy.evaluation.paired import compare
from shipworthy.track.cost.gain import Gain, PerPoint, gain, per_point
from shipworthy.track.runs.registry import Run, read
from tests.track.cost.made import BEGAN, start, write_baseline, write_run


@pytest.mark.parametrize(
    ("interval", "found"),
    [
        (Interval(0.2, 0.1, 0.4), PerPoint(0.1, 0.05, 0.2)),
        (Interval(0.1, -0.1, 0.2), PerPoint(0.2, 0.1, inf)),  # the gain may be nothing: no cost is too high
        (Interval(-0.1, -0.2, -0.05), PerPoint(inf, inf, inf)),
        (Interval(0.0, 0.0, 0.0), PerPoint(inf, inf, inf)),
    ],
)
def test_cost_of_a_point(interval: Interval, found: PerPoint) -> None:
    each = per_point(2.0, interval)
    assert (each.value, each.low, each.high) == (
        pytest.approx(found.value), pytest.approx(found.low), pytest.approx(found.high),
    )  # fmt: skip


def trained(root: Path, correct: list[bool]) -> Run:
    run = read(write_run(root, "r1", [start(1, BEGAN, BEGAN + 10)], training={}, correct=correct))
    assert isinstance(run, Run)
    return run


def test_the_gain_is_paired_on_the_rows_that_both_answered(tmp_path: Path) -> None:
    theirs = [i % 2 == 0 for i in range(100)]
    mine = [i % 4 != 1 for i in range(80)]  # trained with fewer validation rows
    write_baseline(tmp_path, theirs)
    found = gain(trained(tmp_path, mine))
    assert isinstance(found, Gain)
    assert (found.against, found.n) == ("majority", 80)
    assert found.difference == compare(mine, theirs[:80]).difference
    assert found.difference.low > 0.1


def test_the_gain_on_documents_in_chunks(tmp_path: Path) -> None:
    write_baseline(tmp_path, [True, False, False])
    path = next(tmp_path.rglob("dataset")) / "validation.parquet"
    rows = pl.read_parquet(path).with_columns(chunk_of="id")
    chunks = [rows[:1].with_columns(pl.format(f"{{}}#{number}", "id").alias("id")) for number in (1, 2)]
    pl.concat([*chunks, rows[1:]]).write_parquet(path)
    found = gain(trained(tmp_path, [True, True, False]))
    assert isinstance(found, Gain) and found.n == 3
    assert found.difference.value == pytest.approx(1 / 3)


def test_why_there_is_no_gain_is_said(tmp_path: Path) -> None:
    run = trained(tmp_path, [True])
    assert "shipworthy baseline" in str(gain(run))
    write_baseline(tmp_path, [True], dataset="another")
    assert "another dataset" in str(gain(run))
    write_baseline(tmp_path, [True])
    with pytest.raises(UsageError, match="against=nobody: .* only majority"):
        gain(run, "nobody")


def test_a_run_without_a_model_bought_nothing(tmp_path: Path) -> None:
    write_baseline(tmp_path, [True])
    run = read(write_run(tmp_path, "r2", [start(1, BEGAN, BEGAN + 10, "failed")]))
    assert isinstance(run, Run)
    assert "no model" in str(gain(run))
