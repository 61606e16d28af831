"""The tables' benchmark: its splits, its models, and what a column of many names is about."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from sklearn.metrics import roc_auc_score

from scripts.bench.tablesets import made, real, rivals, soundness
from scripts.bench.tablesets.table import BenchTable, divided
from shipworthy.core.project import project_root
from shipworthy.data.fitted.encode.schema import Encode
from shipworthy.data.fitted.schema import Fitting
from shipworthy.models.xgboost.schema import XGBoost
from tests.conftest import ROOT


def test_equal_rows_stay_together_and_time_goes_forward() -> None:
    table = made.repeated(3)
    features = list(table.features)
    assert table.rows.unique(features).height < table.rows.height / 2
    assert table.rows.group_by(features).agg(pl.col("split").n_unique())["split"].max() == 1
    shares = [table.split(name).height / table.rows.height for name in ("train", "validation", "test")]
    assert np.allclose(shares, (0.7, 0.1, 0.2), atol=0.04)
    days = [made.in_time(3).split(name)["day"] for name in ("train", "validation", "test")]
    assert days[0].max() < days[1].min() and days[1].max() < days[2].min()  # type: ignore[operator]


def test_every_model_answers_every_row() -> None:
    table = real.wine(3)
    answers = table.split("test")["answer"].to_list()
    for name, model in {"ours": rivals.ours, **rivals.RIVALS}.items():
        said = model(table, 3)
        if name == "xgboost, no many names":
            assert said is None
            continue
        assert said is not None and said.scores is None and len(said.classes) == len(answers)
        assert np.mean(np.array(said.classes) == answers) > 0.8


def test_many_names_and_times_are_given_to_the_others_too() -> None:
    rows = made.flights(3, rows=3000).rows.with_columns(day=pl.lit("2024-01-01").str.to_date())
    table = divided(rows.drop("id", "cluster", "split"), 3)
    said = rivals.histograms(table, 3)
    assert said.scores is not None and len(said.scores) == table.split("test").height
    assert rivals.xgboost_without(table, 3) is not None


def test_a_column_of_thousands_of_names_costs_the_default_nothing() -> None:
    """As it stands it costs XGBoost most of what it knows: it splits train's rows by names that say nothing."""
    table = made.flights(3, rows=12_000)
    late = [answer == "yes" for answer in table.split("test")["answer"]]
    fast = XGBoost(rounds=150, early_stopping_rounds=15, learning_rate=0.2)
    without = rivals.BenchTable(table.rows.drop("flight", "tailnum"))
    auc = {
        name: float(roc_auc_score(late, rivals.ours(rows, 3, fitting, fast).scores))
        for name, rows, fitting in (
            ("default", table, Fitting()),
            ("as it is", table, Fitting(encode=Encode(auto=None))),
            ("left out", without, Fitting()),
        )
    }
    assert auc["default"] > auc["as it is"] + 0.02, auc
    assert auc["default"] > auc["left out"] - 0.015, auc


def sound(table: BenchTable, folder: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[list[str], bool, list[str]]:
    """What is named on the table as it is, whether its classes' shares hold, what is wrong with planted leaks."""
    found = []
    rows, leaks = soundness.planted(table)
    for name, frame in (("clean", table.rows.drop("id", "cluster", "split")), ("planted", rows)):
        (folder / name).mkdir()
        monkeypatch.chdir(folder / name)
        found.append(soundness.prepared(frame, folder / name))
    clean, with_leaks = found
    return clean.named, clean.warned or clean.shares_p > 0.01, soundness.missed(with_leaks.named, leaks)


@pytest.mark.parametrize("make", [real.wine, made.repeated, made.rare])
def test_planted_leaks_are_named_and_classes_keep_their_shares(
    make: Callable[[int], BenchTable], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert sound(make(3), tmp_path, monkeypatch) == ([], True, [])
    project_root.cache_clear()


@pytest.mark.long
@pytest.mark.timeout(3600)
def test_on_no_table_are_the_trees_beaten_nor_a_leak_missed() -> None:
    """The benchmark's own exit code says it: of fourteen tables."""
    done = subprocess.run(
        [sys.executable, "scripts/bench/tables"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-2000:]


def test_a_leak_that_nobody_names_and_a_sentence_on_a_sound_column_are_both_counted() -> None:
    leaks = {"a copy": ("leak_copy",), "a pair": ("leak_key", "leak_lock")}
    assert soundness.missed(["leak_copy alone", "leak_lock and leak_key together"], leaks) == []
    assert soundness.missed(["leak_copy alone", "age alone"], leaks) == ["a pair", "age alone"]
