"""What a point cost, and when there is none to pay for."""

from math import inf
from pathlib import Path

import polars as pl
import pytest

from shipworthy.core.errors import UsageError
from shipworthy.evaluation.intervals import Interval
from shipworthy.evaluation.tango import score_interval
from shipworthy.track.cost import table
from shipworthy.track.cost.gain import Gain, PerPoint, gain, per_point
from shipworthy.track.runs.registry import Run, read
from tests.track.cost.made import BEGAN, TASK, start, write_baseline, write_run


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
    each = per_point(2.0, Gain("majority", "accuracy", interval, 100))
    assert (each.value, each.low, each.high) == (
        pytest.approx(found.value), pytest.approx(found.low), pytest.approx(found.high),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("metric", "gained", "what", "said"),
    [
        (
            "accuracy",
            Interval(0.2, 0.1, 0.4),
            "a point",
            "0.10 USD (0.05 to 0.20): +20.0 points [+10.0, +40.0] gained over m",
        ),
        ("brier", Interval(0.2, 0.1, 0.4), "per 0.01", "0.10 USD (0.05 to 0.20): +0.200 [+0.100, +0.400] gained over"),
        (
            "mae",
            Interval(200.0, 100.0, 400.0),
            "per unit",
            "0.01 USD (0.005 to 0.02): +200 [+100, +400] gained over",
        ),
    ],
)
def test_a_point_is_said_in_the_metrics_unit(metric: str, gained: Interval, what: str, said: str) -> None:
    found = Gain("m", metric, gained, 100)
    words = table.per_point(found, per_point(2.0, found), "USD")
    assert words[0] == what and words[1].startswith(said)


def trained(root: Path, correct: list[bool], scored: list[float] | None = None, metric: str = "accuracy") -> Run:
    task = {**TASK, "metric": metric}
    begun = [start(1, BEGAN, BEGAN + 10)]
    run = read(write_run(root, "r1", begun, training={}, correct=correct, scored=scored, task=task))
    assert isinstance(run, Run)
    return run


def test_the_gain_is_paired_on_the_rows_that_both_answered(tmp_path: Path) -> None:
    theirs = [i % 2 == 0 for i in range(100)]
    mine = [i % 4 != 1 for i in range(80)]  # trained with fewer validation rows
    write_baseline(tmp_path, theirs)
    found = gain(trained(tmp_path, mine))
    assert isinstance(found, Gain)
    assert (found.against, found.n) == ("majority", 80)
    wins = sum(one and not other for one, other in zip(mine, theirs, strict=False))
    losses = sum(other and not one for one, other in zip(mine, theirs, strict=False))
    assert found.difference == score_interval(wins, losses, 80)
    assert found.difference.low > 0.1


def test_of_a_metric_whose_less_is_better_less_is_gained(tmp_path: Path) -> None:
    theirs = [i % 2 == 0 for i in range(100)]
    write_baseline(tmp_path, theirs, sure=0.8)  # (1 - 0.8)² where it is right, 0.8² where it is wrong
    found = gain(trained(tmp_path, theirs, [0.01 if one else 0.25 for one in theirs], "brier"))
    assert isinstance(found, Gain) and found.metric == "brier"
    assert found.difference.value == pytest.approx((0.04 + 0.64) / 2 - (0.01 + 0.25) / 2)
    assert 0 < found.difference.low < found.difference.value < found.difference.high


def test_answers_from_before_metrics_had_kinds_are_read(tmp_path: Path) -> None:
    write_baseline(tmp_path, [True, False] * 40)
    run = trained(tmp_path, [True] * 80)
    now = gain(run)
    answers = run.folder / "checkpoint" / "validation.parquet"
    pl.read_parquet(answers).drop("scored").write_parquet(answers)
    baselines = tmp_path / "artifacts" / "baseline" / "predictions" / "majority.parquet"
    pl.read_parquet(baselines).drop("probabilities", "number").write_parquet(baselines)
    assert isinstance(now, Gain) and gain(run) == now


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
    assert "run baseline, with the overrides of the run" in str(gain(run))
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
