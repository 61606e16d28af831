import polars as pl
import pytest

from shipworthy.core.errors import UsageError
from shipworthy.models import baselines, rows
from shipworthy.models.majority.schema import Majority
from tests.evaluation.test_scores import TABLE, TEXT
from tests.models import samples


def test_features_are_the_datasets_columns_without_id_cluster_and_answer() -> None:
    assert rows.features(samples.table()) == ["age", "job"]
    assert rows.categorical(samples.table()) == ["job"]
    with pytest.raises(UsageError, match="Column when holds Date"):
        rows.features(pl.DataFrame({"when": pl.Series([None], dtype=pl.Date)}))


def test_baselines_are_made_by_name() -> None:
    assert baselines.as_baseline("majority", Majority(), TABLE) == Majority()
    assert baselines.as_baseline("nearest", Majority(), TEXT).kind == "nearest"
    with pytest.raises(UsageError, match="task.baselines names 'mayority', which is no model: choose of "):
        baselines.as_baseline("mayority", Majority(), TABLE)
