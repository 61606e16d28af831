"""The tables' benchmark: its splits, its models, and what a column of many names is about."""

import numpy as np
import polars as pl
from sklearn.metrics import roc_auc_score

from scripts.bench.tablesets import made, real, rivals
from scripts.bench.tablesets.table import divided
from shipworthy.data.fitted.encode.schema import Encode
from shipworthy.data.fitted.schema import Fitting
from shipworthy.models.xgboost.schema import XGBoost


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
            ("as it stands", table, Fitting(encode=Encode(auto=None))),
            ("left out", without, Fitting()),
        )
    }
    assert auc["default"] > auc["as it stands"] + 0.02, auc
    assert auc["default"] > auc["left out"] - 0.015, auc
