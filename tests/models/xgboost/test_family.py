from pathlib import Path

import polars as pl
import pytest

from shipworthy.core.errors import ArtifactError, ShipworthyError, UsageError
from shipworthy.core.files import sha256_of_file
from shipworthy.models.xgboost.family import XGBoostModel, create
from shipworthy.models.xgboost.schema import XGBoost
from tests.models import samples

CONFIG = XGBoost(rounds=40, early_stopping_rounds=5, max_depth=3, threads=1, subsample=0.8)


def fitted(train: pl.DataFrame, config: XGBoost = CONFIG, seed: int = 0) -> XGBoostModel:
    model = create(config)
    model.fit(train, samples.table(100, seed=9), seed)
    return model


def test_it_learns_and_keeps_the_trees_up_to_the_lowest_loss_on_validation(tmp_path: Path) -> None:
    test = samples.table(200, seed=1)
    model = fitted(samples.table(400), XGBoost(rounds=500, early_stopping_rounds=5, threads=1, learning_rate=0.5))
    losses = [entry["val_loss"] for entry in model.history]
    assert model.booster.num_boosted_rounds() == losses.index(min(losses)) + 1 == len(losses) - 5
    predictions = model.predict(test.drop("answer"))
    assert sum(p.text == a for p, a in zip(predictions, test["answer"], strict=True)) / test.height > 0.8
    assert all((p.text == ">50K") == (p.score > 0.5) for p in predictions if p.score is not None)
    assert {p.score for p in predictions} != {None}
    samples.saved_and_loaded(model.config, model, test.drop("answer"), tmp_path)


def test_a_seed_gives_the_same_trees_again_and_another_gives_others(tmp_path: Path) -> None:
    digests = []
    for number, seed in enumerate((3, 3, 4)):
        (tmp_path / str(number)).mkdir()
        fitted(samples.table(), seed=seed).save(tmp_path / str(number))
        digests.append(sha256_of_file(tmp_path / str(number) / "xgboost.json"))
    assert digests[0] == digests[1] != digests[2]


def test_categories_have_the_codes_of_train_whatever_rows_are_asked() -> None:
    model, rows = fitted(samples.table()), samples.table(50, seed=2).drop("answer")
    together = list(model.predict(rows))
    assert [model.predict(rows[i : i + 1])[0] for i in range(rows.height)] == together
    unknown = pl.DataFrame({"age": [30.0, 30.0], "job": ["astronaut", None]})
    first, second = model.predict(unknown)
    assert first == second


def test_three_classes(tmp_path: Path) -> None:
    train = samples.table(400, classes=("high", "low", "middle"))
    model = create(CONFIG)
    model.fit(train, samples.table(100, seed=5, classes=("high", "low", "middle")), 0)
    assert {p.text for p in model.predict(train)} == {"high", "low", "middle"}
    samples.saved_and_loaded(CONFIG, model, train.drop("answer"), tmp_path)


def test_what_cannot_be_fitted_gets_a_sentence() -> None:
    train = samples.table()
    with pytest.raises(ShipworthyError, match="one class only"):
        fitted(train.with_columns(answer=pl.lit(">50K")))
    with pytest.raises(ArtifactError, match="the class new, which train lacks"):
        create(CONFIG).fit(train, train.with_columns(answer=pl.lit("new")), 0)
    with pytest.raises(UsageError, match="model.subsample=0 is not a share"):
        XGBoost(subsample=0)


def test_rows_without_answers_are_refused() -> None:
    samples.refuses_rows_without_answers(CONFIG, samples.table())


ODD = ["Air temperature [K]", "a<b", "x]", "with, comma", " spaces ", "", "🦒", "f0", "a=b", 'say "hi"', "new\nline"]


def test_columns_may_have_any_name(tmp_path: Path) -> None:
    """Also names that would be equal if what XGBoost refuses were replaced."""
    numbers = {name: samples.table(300, seed=i)["age"] for i, name in enumerate(ODD)}
    train = samples.table(300).with_columns(**numbers)
    model = create(CONFIG)
    model.fit(train, train.head(50), 0)
    assert set(ODD) < set(model.columns)
    samples.saved_and_loaded(CONFIG, model, train.drop("answer"), tmp_path)
