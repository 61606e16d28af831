import polars as pl
import pytest

from shipworthy.core.errors import UsageError
from shipworthy.models import baselines, rows
from shipworthy.models.majority.schema import Majority
from shipworthy.models.names import verb, words
from tests.evaluation.test_metrics import TABLE, TEXT
from tests.models import samples


def test_features_are_the_datasets_columns_without_id_cluster_and_answer() -> None:
    assert rows.features(samples.table()) == ["age", "job"]
    assert rows.categorical(samples.table()) == ["job"]
    with pytest.raises(UsageError, match="Column when holds Date"):
        rows.features(pl.DataFrame({"when": pl.Series([None], dtype=pl.Date)}))


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("DescribeDBInstances", ["Describe", "DB", "Instances"]),
        ("getItem", ["get", "Item"]),
        ("ListV2Keys", ["List", "V2", "Keys"]),
    ],
)
def test_words_of_a_name(name: str, parts: list[str]) -> None:
    assert words(name) == parts
    assert verb(name) == parts[0]
    assert verb("`GetItem`") == ""


def test_baselines_are_made_by_name() -> None:
    assert baselines.for_road("majority", Majority(), TABLE) == Majority()
    assert baselines.for_road("verb_object", Majority(), TEXT).kind == "verb_object"
    with pytest.raises(UsageError, match="task.baselines names 'mayority', which is no model: choose of "):
        baselines.for_road("mayority", Majority(), TABLE)
