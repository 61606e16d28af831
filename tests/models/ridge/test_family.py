from pathlib import Path

import numpy as np
import polars as pl
import pytest
from sklearn import linear_model

from shipworthy.core.errors import ArtifactError, UsageError
from shipworthy.models.ridge.family import RidgeModel, create
from shipworthy.models.ridge.schema import Ridge
from tests.models import samples

CONFIG = Ridge(penalty=2.0)


def fitted(train: pl.DataFrame, config: Ridge = CONFIG) -> RidgeModel:
    model = create(config)
    model.fit(train, train, 0)
    return model


@pytest.mark.parametrize("columns", [["age", "job"], ["age"]], ids=["names and numbers", "numbers alone"])
def test_it_learns_and_says_what_scikit_learn_says(tmp_path: Path, columns: list[str]) -> None:
    train, test = (samples.measured(400, seed).select(*columns, "answer") for seed in (0, 1))
    model = fitted(train)
    predictions = model.predict(test.drop("answer"))
    solver = linear_model.Ridge(alpha=2.0, solver="svd" if columns == ["age"] else "sparse_cg", tol=1e-10)
    solver.fit(model.encoding.encode(train), train["answer"].cast(pl.Float64).to_numpy())
    expected = solver.predict(model.encoding.encode(test))
    assert [p.number for p in predictions] == pytest.approx(expected.tolist(), rel=1e-6)
    assert [float(p.text) for p in predictions] == [p.number for p in predictions]
    samples.saved_and_loaded(CONFIG, model, test.drop("answer"), tmp_path)


def test_it_beats_the_median_where_columns_say_something() -> None:
    train, test = samples.measured(400), samples.measured(300, seed=1)
    answers = test["answer"].cast(pl.Float64).to_numpy()
    said = np.array([p.number for p in fitted(train).predict(test.drop("answer"))])
    constant = float(train["answer"].cast(pl.Float64).median())  # type: ignore[arg-type]
    assert np.abs(said - answers).mean() < 0.3 * np.abs(constant - answers).mean()


def test_missing_cells_and_new_categories_are_answered() -> None:
    rows = pl.DataFrame({"age": [None, 40.0, float("nan")], "job": ["judge", "astronaut", None]})
    assert all(np.isfinite(p.number) for p in fitted(samples.measured()).predict(rows) if p.number is not None)


def test_what_cannot_be_fitted_gets_a_sentence() -> None:
    with pytest.raises(ArtifactError, match="The answer '<=50K' is no number"):
        fitted(samples.table(50, classes=("<=50K", "<=50K")))
    with pytest.raises(UsageError, match="model.penalty"):
        Ridge(penalty=0)


def test_rows_without_answers_are_refused() -> None:
    samples.refuses_rows_without_answers(CONFIG, samples.measured())
