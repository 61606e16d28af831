"""What families count of themselves, against what is really made."""

import numpy as np
import polars as pl
import pytest

from shipworthy.config.compose import register
from shipworthy.core.groups import ModelConfig
from shipworthy.core.schema import Schema
from shipworthy.models import fit_memory
from shipworthy.models.fit_memory import FitSize, linear_solver
from shipworthy.models.label_lists import written
from shipworthy.models.logistic.encoding import Encoding
from shipworthy.models.logistic.schema import Logistic
from shipworthy.models.ridge.schema import Ridge
from shipworthy.models.tfidf import scorer
from shipworthy.models.tfidf.schema import Tfidf
from shipworthy.models.xgboost.schema import XGBoost


def table(rows: int) -> pl.DataFrame:
    draws = np.random.default_rng(1)
    return pl.DataFrame(
        {
            "id": [f"r{i}" for i in range(rows)],
            "cluster": [f"r{i}" for i in range(rows)],
            "flight": draws.integers(0, 800, rows).astype(str),
            "ticket": [f"t{i}" for i in range(rows)],
            "amount": draws.normal(0, 1, rows),
            "answer": draws.choice(["a", "b"], rows),
        }
    )


@pytest.mark.parametrize(
    ("column", "train", "low", "high"),
    [("ticket", 100_000, 100_000, 100_000), ("flight", 100_000, 750, 1500), ("ticket", 3000, 3000, 3000)],
)
def test_names_of_train_are_foretold_from_a_sample(column: str, train: int, low: float, high: float) -> None:
    size = FitSize(table(5000), train, 10, 10)
    assert low <= size.distinct(column) <= high


def test_terms_are_foretold_from_a_part_of_the_texts() -> None:
    """Words as frequent as in language (Zipf)."""
    draws = np.random.default_rng(2)
    shares = 1 / np.arange(1, 20_001)
    words = draws.choice(20_000, (8000, 12), p=shares / shares.sum()).astype(str)
    texts = [" ".join(row) for row in words]
    found, each = FitSize(table(10), 8000, 10, 10).terms(scorer.terms(text, 1) for text in texts[:800])
    real = len({word for row in words for word in row})
    assert 0.5 * real < found < 2 * real
    assert each == pytest.approx(np.mean([len(set(row)) for row in words[:800]]))


def test_the_features_of_a_linear_model_are_counted_as_they_are() -> None:
    rows = table(5000)
    encoded = Encoding.of(rows.drop("answer"), 1000).encode(rows)
    counted = fit_memory.parts(Logistic(), FitSize(rows, 5000, 10, 10))
    assert counted is not None
    real = encoded.data.nbytes + encoded.indices.nbytes
    assert real <= counted["features"] <= 2.5 * real
    assert counted["solver"] == pytest.approx(linear_solver(encoded.shape[1], FitSize(rows, 5000, 10, 10)), rel=0.01)


def test_a_wide_table_takes_more_and_many_classes_too() -> None:
    def total(rows: pl.DataFrame, model: ModelConfig) -> float:
        return sum((fit_memory.parts(model, FitSize(rows, 50_000, 10, 10)) or {}).values())

    narrow = table(1000)
    wide = narrow.with_columns(narrow["amount"].alias(f"x{i}") for i in range(50))
    many = narrow.with_columns(answer=pl.Series([str(i % 40) for i in range(1000)]))
    for model in (Logistic(), XGBoost()):
        assert total(wide, model) > 2 * total(narrow, model) and total(many, model) > 2 * total(narrow, model)


def test_numbers_are_one_output_however_many_there_are() -> None:
    rows = table(1000).with_columns(answer=pl.Series([f"{i}.5" for i in range(1000)]))
    size, few = FitSize(rows, 50_000, 10, 10), FitSize(table(1000), 50_000, 10, 10)
    trees = XGBoost(objective="squared_error")
    assert fit_memory.parts(trees, size)["trees"] == fit_memory.parts(XGBoost(), few)["trees"]  # type: ignore[index]
    assert fit_memory.parts(Ridge(), size)["answers"] < 10e6  # type: ignore[index]


def test_of_labels_each_has_an_output() -> None:
    some, one = (
        table(1000).with_columns(
            answer=pl.Series([written(f"l{i % n}" for i in (row, row + 1)) for row in range(1000)])
        )
        for n in (8, 1)
    )
    trees, words = XGBoost(objective="labels"), Tfidf(template="{ticket} {flight}", objective="labels")
    for model, part in ((trees, "gradients"), (words, "matrix of weights")):
        few, many = (fit_memory.parts(model, FitSize(rows, 50_000, 10, 10)) or {} for rows in (one, some))
        assert many[part] == pytest.approx(8 * few[part]), part


def test_every_family_that_fits_itself_counts_itself() -> None:
    register()
    from shipworthy.core.schema import SCHEMAS
    from shipworthy.models.build import FAMILIES

    def fits_itself(cls: type[Schema]) -> bool:
        name = FAMILIES.name(cls())
        return bool(name) and "shipworthy.models" in name and hasattr(FAMILIES.load(cls()), "create")

    families = {kind: cls for kind, cls in SCHEMAS["model"].items() if fits_itself(cls)}
    assert {"majority", "logistic", "nearest", "tfidf", "xgboost", "zero_shot", "few_shot", "median", "ridge"} <= set(
        families
    )
    assert "frequent" in families
    assert [kind for kind, cls in families.items() if not fit_memory.COUNTED.name(cls())] == []
