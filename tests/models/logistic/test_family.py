import json
from pathlib import Path

import polars as pl
import pytest
from sklearn.linear_model import LogisticRegression

from shipworthy.core.errors import ArtifactError, ShipworthyError, UsageError
from shipworthy.evaluation.tasks.multi_label.schema import MultiLabel
from shipworthy.models.logistic import linear
from shipworthy.models.logistic.family import LogisticModel, create
from shipworthy.models.logistic.schema import Logistic
from tests.models import samples

CONFIG = Logistic()


def fitted(train: pl.DataFrame) -> LogisticModel:
    model = create(CONFIG)
    model.fit(train, train, 0)
    return model


def test_it_learns_and_says_what_scikit_learn_says(tmp_path: Path) -> None:
    train, test = samples.table(400), samples.table(200, seed=1)
    model = fitted(train)
    predictions = model.predict(test.drop("answer"))
    assert sum(p.text == a for p, a in zip(predictions, test["answer"], strict=True)) / test.height > 0.8
    solver = LogisticRegression(C=CONFIG.c, max_iter=CONFIG.max_iter)
    solver.fit(model.encoding.encode(train), train["answer"].to_list())
    samples.says_probabilities(predictions, solver.classes_, solver.predict_proba(model.encoding.encode(test)))
    samples.saved_and_loaded(CONFIG, model, test.drop("answer"), tmp_path)


def test_three_classes(tmp_path: Path) -> None:
    train = samples.table(400, classes=("high", "low", "middle"))
    model = fitted(train)
    predictions = model.predict(train.drop("answer"))
    assert {p.text for p in predictions} == {"high", "low", "middle"}
    solver = LogisticRegression(C=CONFIG.c, max_iter=CONFIG.max_iter)
    features = model.encoding.encode(train)
    solver.fit(features, train["answer"].to_list())
    samples.says_probabilities(predictions, solver.classes_, solver.predict_proba(features))
    samples.saved_and_loaded(CONFIG, model, train.drop("answer"), tmp_path)


def test_balanced_classes_weigh_alike_as_scikit_learn_has_it() -> None:
    train, test = samples.rare(400), samples.rare(200, seed=1).drop("answer")
    model = create(Logistic(class_weight="balanced"))
    model.fit(train, train, 0)
    solver = LogisticRegression(C=CONFIG.c, max_iter=CONFIG.max_iter, class_weight="balanced")
    solver.fit(model.encoding.encode(train), train["answer"].to_list())
    predictions = model.predict(test)
    samples.says_probabilities(predictions, solver.classes_, solver.predict_proba(model.encoding.encode(test)))
    alike = fitted(train).predict(test)
    assert sum(p.text == ">50K" for p in predictions) > 1.2 * sum(p.text == ">50K" for p in alike)


def test_missing_cells_and_new_categories_are_answered() -> None:
    model = fitted(samples.table())
    rows = pl.DataFrame({"age": [None, 40.0, float("nan")], "job": ["judge", "astronaut", None]})
    assert [p.text in ("<=50K", ">50K") for p in model.predict(rows)] == [True] * 3
    assert model.predict(rows)[0] != model.predict(rows)[2]


def test_what_cannot_be_fitted_gets_a_sentence() -> None:
    train = samples.table()
    with pytest.raises(ShipworthyError, match="one class only"):
        fitted(train.with_columns(answer=pl.lit(">50K")))
    with pytest.raises(ArtifactError, match="Column age of train holds no number"):
        fitted(train.with_columns(age=pl.lit(None, dtype=pl.Float64)))
    with pytest.raises(UsageError, match="Column tags holds List"):
        fitted(train.with_columns(tags=pl.lit(["x"])))
    with pytest.raises(ShipworthyError, match="did not converge in 1 steps: raise model.max_iter"):
        create(Logistic(max_iter=1)).fit(train, train, 0)
    with pytest.raises(ArtifactError, match="lack the column job"):
        fitted(train).predict(train.drop("job"))
    with pytest.raises(UsageError, match="model.c"):
        Logistic(c=0)
    with pytest.raises(UsageError, match="model.max_categories"):
        Logistic(max_categories=0)
    with pytest.raises(UsageError, match="model.class_weight=much: choose one of none, balanced"):
        Logistic(class_weight="much")


def test_in_a_column_of_very_many_names_the_rare_ones_share_a_feature(tmp_path: Path) -> None:
    train = samples.table(400).with_columns(
        job=pl.Series([f"job {i % 3}" if i % 4 else f"rare {i}" for i in range(400)])
    )
    model = create(Logistic(max_categories=3))
    model.fit(train, train, 0)
    assert model.encoding.categories == {"job": ["job 0", "job 1", "job 2"]}
    assert model.encoding.others == ["job"] and model.weights_KF.shape == (1, model.encoding.width) == (1, 5)
    rare, new, missing = model.predict(pl.DataFrame({"age": [40.0] * 3, "job": ["rare 8", "never seen", None]}))
    assert rare == new != missing
    samples.saved_and_loaded(model.config, model, train.drop("answer"), tmp_path)


def test_a_column_without_a_name_in_train_is_no_feature() -> None:
    model = fitted(samples.table().with_columns(town=pl.lit(None, dtype=pl.String)))
    assert model.encoding.width == 4
    (answer,) = model.predict(pl.DataFrame({"age": [40.0], "job": ["judge"], "town": ["Rome"]}))
    assert answer == model.predict(pl.DataFrame({"age": [40.0], "job": ["judge"], "town": [None]}))[0]


def test_rows_without_answers_are_refused() -> None:
    samples.refuses_rows_without_answers(CONFIG, samples.table())


def test_labels_are_told_each_against_the_rest_as_scikit_learn_does(tmp_path: Path) -> None:
    train, test = samples.labelled(400), samples.labelled(200, seed=1).drop("answer")
    config = Logistic(objective="labels")
    model = create(config)
    model.fit(train, train, 0)
    predictions = model.predict(test)
    features = model.encoding.encode(train)
    for label in model.names:
        has = [label in json.loads(answer) for answer in train["answer"]]
        solver = LogisticRegression(C=CONFIG.c, max_iter=CONFIG.max_iter).fit(features, has)
        expected = solver.predict_proba(model.encoding.encode(test))[:, 1]
        assert [p.probabilities[label] for p in predictions if p.probabilities] == pytest.approx(expected.tolist())
    samples.saved_and_loaded(config, model, test, tmp_path)
    alone = linear.load(tmp_path).predict(test.to_dicts())
    assert [one["prediction"] for one in alone] == [json.loads(p.text) for p in predictions]
    assert [one["probabilities"] for one in alone] == [pytest.approx(dict(p.probabilities or {})) for p in predictions]


def test_the_objective_says_what_is_learned() -> None:
    several = MultiLabel(name="t", description="d", baselines=["logistic"])
    assert Logistic.as_baseline(CONFIG, several) == Logistic(objective="labels")
    assert Logistic(objective="labels").learns == ("multi_label",)
    with pytest.raises(UsageError, match="model.class_weight=balanced has no effect with model.objective=labels"):
        Logistic(objective="labels", class_weight="balanced")
