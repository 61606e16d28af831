"""Bounds against numpy's, the forest against scikit-learn's."""

import numpy as np
import polars as pl
import pytest
from sklearn.ensemble import IsolationForest as Sklearn

from shipworthy.core.errors import UsageError
from shipworthy.data.fitted.build import fit
from shipworthy.data.fitted.outliers.schema import IQR, IsolationForest, Outliers, RobustZ
from shipworthy.data.fitted.schema import Fitting
from shipworthy.models.transform.ops.isolation_forest import Forest
from tests.data.fitted.table import FEATURES, table


def applied(outliers: Outliers, rows: pl.DataFrame) -> pl.DataFrame:
    return fit(Fitting(outliers), rows.lazy(), FEATURES, seed=3).apply(rows.lazy()).collect()


def test_quartiles() -> None:
    rows = table()
    low, high = np.quantile(rows.filter(split="train")["hours"], [0.25, 0.75])
    bounds = low - 1.5 * (high - low), high + 1.5 * (high - low)
    clipped = applied(Outliers(iqr=IQR(["hours"])), rows)["hours"].to_numpy()
    np.testing.assert_allclose(clipped, np.clip(rows["hours"], *bounds))
    assert (clipped != rows["hours"].to_numpy()).sum() > 3


def test_robust_z_marks() -> None:
    rows = table()
    train = rows.filter(split="train")["hours"].to_numpy()
    median = np.median(train)
    mad = np.median(np.abs(train - median))
    far = np.abs(0.6745 * (rows["hours"].to_numpy() - median) / mad) > 3.5
    marked = applied(Outliers(robust_z=RobustZ(["hours"], action="mark")), rows)
    np.testing.assert_array_equal(marked["hours_outlier"], far.astype(float))
    assert marked["hours"].equals(rows["hours"]) and far.any()


def test_a_missing_number_is_no_outlier() -> None:
    rows = table().with_columns(hours=pl.when(pl.col("id") == "r00007").then(None).otherwise("hours"))
    marked = applied(Outliers(iqr=IQR(["hours"], action="mark")), rows)
    assert marked.filter(id="r00007").select("hours", "hours_outlier").row(0) == (None, 0.0)


@pytest.mark.parametrize("seed", [1, 2])
def test_the_forest_scores_as_scikit_learn_does(seed: int) -> None:
    rows = table(500).drop_nulls().with_columns(pl.lit("train").alias("split"))
    config = IsolationForest(["age", "hours"], trees=20, rows=64, share=0.05)
    one = fit(Fitting(Outliers(isolation_forest=config)), rows.lazy(), FEATURES, seed)
    numbers = rows.select("age", "hours").cast(pl.Float64).to_numpy()
    theirs = -Sklearn(n_estimators=20, max_samples=64, random_state=seed).fit(numbers).score_samples(numbers)
    (step,) = one.transformation.saved["steps"]
    ours = Forest(step).scores({"age": numbers[:, 0], "hours": numbers[:, 1]})
    np.testing.assert_allclose(ours, theirs, rtol=1e-6)
    marked = one.apply(rows.lazy()).collect()["outlier"]
    assert abs(marked.sum() - 0.05 * rows.height) < 1
    assert marked.filter(rows["hours"] == 900).mean() == 1


def test_the_forest_rejects_the_same_rows_that_it_marks() -> None:
    rows = table()
    marked = applied(Outliers(isolation_forest=IsolationForest(["age", "hours"], share=0.05, trees=10)), rows)
    config = IsolationForest(["age", "hours"], share=0.05, trees=10, action="reject")
    ((reason, detail),) = fit(Fitting(Outliers(isolation_forest=config)), rows.lazy(), FEATURES, 3).rejections
    rejected = rows.filter(detail.is_not_null())
    assert reason == "outlier"
    assert rejected["id"].to_list() == marked.filter(split="train", outlier=1)["id"].to_list() != []


def test_a_column_without_a_value_cannot_be_looked_at() -> None:
    rows = table().with_columns(hours=pl.lit(None, pl.Float64))
    with pytest.raises(UsageError, match="train has no value of hours"):
        applied(Outliers(isolation_forest=IsolationForest(["age", "hours"], trees=2)), rows)
