from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
import xgboost
from sklearn.metrics import mean_pinball_loss
from sklearn.utils.class_weight import compute_class_weight

from shipworthy.core.errors import ArtifactError, ShipworthyError, UsageError
from shipworthy.core.files import sha256_of_file
from shipworthy.evaluation.tasks.classification.schema import Classification
from shipworthy.evaluation.tasks.multi_label.schema import MultiLabel
from shipworthy.evaluation.tasks.regression.schema import Regression
from shipworthy.models import label_lists
from shipworthy.models.majority.schema import Majority
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
    trees = model.booster.predict(model._matrix(test))
    samples.says_probabilities(predictions, ["<=50K", ">50K"], np.column_stack([1 - trees, trees]))
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
    predictions = model.predict(train)
    assert {p.text for p in predictions} == {"high", "low", "middle"}
    samples.says_probabilities(predictions, model.classes, model.booster.predict(model._matrix(train)))
    samples.saved_and_loaded(CONFIG, model, train.drop("answer"), tmp_path)


@pytest.mark.parametrize("classes", [("<=50K", ">50K"), ("high", "low", "middle")], ids=["two", "three"])
def test_balanced_classes_weigh_alike_in_trees_and_losses(classes: tuple[str, ...]) -> None:
    train, validation = samples.rare(400, classes=classes), samples.rare(100, seed=9, classes=classes)
    config = XGBoost(rounds=300, early_stopping_rounds=5, threads=1, learning_rate=0.3, class_weight="balanced")
    model = create(config)
    model.fit(train, validation, 0)
    names = sorted(classes)
    labels = [[names.index(name) for name in rows["answer"]] for rows in (train, validation)]
    by_class = compute_class_weight("balanced", classes=np.arange(len(names)), y=np.array(labels[0]))
    matrices = [model._matrix(rows, own) for rows, own in zip((train, validation), labels, strict=True)]
    for matrix, own in zip(matrices, labels, strict=True):
        matrix.set_weight(by_class[own])
    history: dict[str, Any] = {}
    ends = [(matrices[0], "train"), (matrices[1], "validation")]
    own = xgboost.train(
        model._parameters(0),
        matrices[0],
        300,
        evals=ends,
        early_stopping_rounds=5,
        evals_result=history,
        verbose_eval=0,
    )
    (losses,) = history["validation"].values()
    assert [entry["val_loss"] for entry in model.history] == pytest.approx(losses, abs=1e-5)
    assert model.booster.num_boosted_rounds() == own.best_iteration + 1
    trees = own[: own.best_iteration + 1].predict(model._matrix(validation))
    expected = np.column_stack([1 - trees, trees]) if len(classes) == 2 else trees
    samples.says_probabilities(model.predict(validation), names, expected)


def test_a_weight_without_classes_or_meaning_is_refused() -> None:
    with pytest.raises(UsageError, match="model.class_weight=much: choose one of none, balanced"):
        XGBoost(class_weight="much")
    with pytest.raises(
        UsageError, match="no effect with model.objective=squared_error, for numbers and labels are no classes"
    ):
        XGBoost(class_weight="balanced", objective="squared_error")


@pytest.mark.parametrize(("objective", "loss"), [("squared_error", np.square), ("absolute_error", np.abs)])
def test_numbers(tmp_path: Path, objective: str, loss: Callable[[Any], Any]) -> None:
    train, validation, test = (samples.measured(n, seed) for n, seed in ((400, 0), (100, 9), (200, 1)))
    model = create(XGBoost(objective=objective, rounds=500, early_stopping_rounds=5, threads=1, learning_rate=0.2))
    model.fit(train, validation, 0)
    losses = [entry["val_loss"] for entry in model.history]
    assert model.booster.num_boosted_rounds() == losses.index(min(losses)) + 1 == len(losses) - 5
    said = [p.number for p in model.predict(validation.drop("answer"))]
    errors = loss(np.array(said) - validation["answer"].cast(pl.Float64).to_numpy()).mean()
    assert min(losses) == pytest.approx(np.sqrt(errors) if objective == "squared_error" else errors, rel=1e-4)
    answers = test["answer"].cast(pl.Float64).to_numpy()
    said = [p.number for p in model.predict(test.drop("answer"))]
    assert np.abs(np.array(said) - answers).mean() < 0.3 * np.abs(np.median(answers) - answers).mean()
    assert {p.probabilities for p in model.predict(test)} == {None} and model.classes == []
    samples.saved_and_loaded(model.config, model, test.drop("answer"), tmp_path)


@pytest.mark.parametrize("labels", [["judge", "old", "rare"], ["old"]], ids=["several", "one"])
def test_labels(tmp_path: Path, labels: list[str]) -> None:
    def rows(n: int, seed: int) -> pl.DataFrame:
        kept = [[one for one in own if one in labels] for own in label_lists.lists(samples.labelled(n, seed))]
        return samples.labelled(n, seed).with_columns(pl.Series("answer", [label_lists.written(own) for own in kept]))

    train, validation, test = rows(400, 0), rows(100, 9), rows(200, 1)
    model = create(XGBoost(objective="labels", rounds=60, early_stopping_rounds=5, threads=1, learning_rate=0.3))
    model.fit(train, validation, 0)
    predictions = model.predict(test.drop("answer"))
    assert sum(p.text == a for p, a in zip(predictions, test["answer"], strict=True)) / test.height > 0.85
    values_NK = model.booster.predict(model._matrix(test)).reshape(test.height, len(labels))
    said = [[p.probabilities[name] for name in labels] for p in predictions if p.probabilities]
    assert model.classes == labels and np.array(said) == pytest.approx(values_NK)
    has_NK = label_lists.indicators(label_lists.lists(validation), labels)
    valued_NK = model.booster.predict(model._matrix(validation)).reshape(has_NK.shape).clip(1e-16, 1 - 1e-7)
    loss = -(has_NK * np.log(valued_NK) + (1 - has_NK) * np.log(1 - valued_NK)).mean()
    assert min(entry["val_loss"] for entry in model.history) == pytest.approx(loss, rel=1e-3)
    samples.saved_and_loaded(model.config, model, test.drop("answer"), tmp_path)


def test_the_objective_says_what_is_learned() -> None:
    assert XGBoost().learns == ("classification",) and XGBoost(objective="absolute_error").learns == ("regression",)
    number = Regression(name="t", description="d", baselines=["xgboost"])
    assert XGBoost.as_baseline(Majority(), number) == XGBoost(objective="squared_error")
    assert (
        XGBoost.as_baseline(Majority(), Classification(name="t", description="d", baselines=["xgboost"])) == XGBoost()
    )
    several = MultiLabel(name="t", description="d", baselines=["xgboost"])
    assert XGBoost.as_baseline(Majority(), several) == XGBoost(objective="labels")
    assert XGBoost(objective="labels").learns == ("multi_label",)
    with pytest.raises(UsageError, match="model.objective=logistic: choose one of classes, labels, squared_error, abs"):
        XGBoost(objective="logistic")
    with pytest.raises(ArtifactError, match="is no number"):
        create(XGBoost(objective="squared_error")).fit(samples.table(), samples.table(), 0)


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


def test_quantiles_are_learned_by_their_pinball_loss(tmp_path: Path) -> None:
    train, validation, test = (samples.measured(n, seed) for n, seed in ((600, 1), (300, 2), (1000, 3)))
    config = XGBoost(objective="quantiles", interval=0.8, rounds=200, early_stopping_rounds=10, threads=1)
    model = XGBoostModel(config)
    model.fit(train, validation, 0)
    ends = {"low": 0.1, "number": 0.5, "high": 0.9}
    right = validation["answer"].cast(pl.Float64).to_numpy()
    raw_N3 = model.booster.predict(model._matrix(validation))
    losses = [mean_pinball_loss(right, raw_N3[:, i], alpha=alpha) for i, alpha in enumerate(ends.values())]
    assert min(entry["val_loss"] for entry in model.history) == pytest.approx(np.mean(losses), rel=1e-4)
    said, answers = model.predict(test.drop("answer")), test["answer"].cast(pl.Float64)
    assert all(p.low <= p.number <= p.high and float(p.text) == p.number for p in said)
    below = {name: np.mean([a <= getattr(p, name) for p, a in zip(said, answers, strict=True)]) for name in ends}
    assert below == pytest.approx(ends, abs=0.12)
    samples.saved_and_loaded(config, model, test.drop("answer"), tmp_path)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        (
            {"objective": "quantiles"},
            "learns the ends of an interval, and model.interval says of none",
        ),
        ({"objective": "quantiles", "interval": 1.0}, "set task.interval=0.9"),
        (
            {"objective": "squared_error", "interval": 0.9},
            "no effect with model.objective=squared_error",
        ),
        ({"interval": 0.9}, "model.interval has no effect with model.objective=classes"),
    ],
)
def test_quantiles_and_an_interval_belong_together(settings: dict[str, Any], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        XGBoost(**settings)
