import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression

from shipworthy.core.errors import ArtifactError, ShipworthyError, UsageError
from shipworthy.evaluation.tasks.classification.schema import Classification
from shipworthy.evaluation.tasks.multi_label.schema import MultiLabel
from shipworthy.evaluation.tasks.text_to_text.schema import TextToText
from shipworthy.models.label_lists import written
from shipworthy.models.majority.schema import Majority
from shipworthy.models.tfidf.family import TfidfModel, create
from shipworthy.models.tfidf.schema import Tfidf
from shipworthy.models.tfidf.scorer import terms
from tests.models import samples

CONFIG = Tfidf(template="{service}: {description}", min_count=1)


def verbs() -> pl.DataFrame:
    """The sample's sentences, and the verb of the operation as the answer: three classes."""
    return samples.operations().with_columns(pl.col("answer").str.extract("^(Delete|Create|List|Describe)"))


def two() -> pl.DataFrame:
    return verbs().filter(pl.col("answer").is_in(["Create", "Delete"]))


def fitted(train: pl.DataFrame, config: Tfidf = CONFIG) -> TfidfModel:
    model = create(config)
    model.fit(train, train, 0)
    return model


def test_terms_are_words_and_runs_of_them() -> None:
    assert list(terms("Don't SHOUT, please", 3)) == [
        *("don", "t", "shout", "please"),
        *("don t", "t shout", "shout please"),
        *("don t shout", "t shout please"),
    ]
    assert list(terms("…", 2)) == []


@pytest.mark.parametrize("class_weight", ["none", "balanced"])
@pytest.mark.parametrize("train", [two()[1:], verbs()[2:]], ids=["two", "many"])
def test_it_says_what_scikit_learn_says(train: pl.DataFrame, class_weight: str, tmp_path: Path) -> None:
    config = Tfidf(template=CONFIG.template, min_count=1, class_weight=class_weight)
    model = fitted(train, config)
    asked = samples.operations().drop("answer").with_columns(description=pl.col("description") + " It creates, creates")
    vectorizer = TfidfVectorizer(ngram_range=(1, 2), token_pattern=r"\w+", sublinear_tf=True)
    texts = [[f"{s}: {d}" for s, d in rows.select("service", "description").iter_rows()] for rows in (train, asked)]
    solver = LogisticRegression(C=config.c, max_iter=1000, class_weight=None if class_weight == "none" else "balanced")
    solver.fit(vectorizer.fit_transform(texts[0]), train["answer"])
    matrix = vectorizer.transform(texts[1])
    predictions = model.predict(asked)
    assert [p.text for p in predictions] == solver.predict(matrix).tolist()
    samples.says_probabilities(predictions, solver.classes_, solver.predict_proba(matrix))
    assert len({p.text for p in predictions}) == len(solver.classes_)
    samples.saved_and_loaded(config, model, asked, tmp_path)


def test_a_text_without_a_known_word_gets_the_biases_answer() -> None:
    model = fitted(two(), Tfidf(template="{description}", min_count=1))
    (answer,) = model.predict(pl.DataFrame({"description": ["zzz"]}))
    assert model.scorer
    (bias,) = model.scorer.saved["bias"]
    likely = 1 / (1 + math.exp(-bias))
    assert answer.probabilities == pytest.approx({"Create": 1 - likely, "Delete": likely})
    assert answer.text == ("Delete" if bias > 0 else "Create")


def test_rare_terms_do_not_count() -> None:
    model = fitted(two(), Tfidf(template="{description}", min_count=2))
    assert model.scorer
    assert "queue" in model.scorer.saved["terms"]
    assert "vault" not in model.scorer.saved["terms"]
    with pytest.raises(ShipworthyError, match="No run of words is in 99 texts of train: lower model.min_count"):
        fitted(two(), Tfidf(template="{description}", min_count=99))


def test_what_cannot_be_fitted_or_asked_gets_a_sentence() -> None:
    with pytest.raises(ShipworthyError, match="one class only"):
        fitted(two().with_columns(answer=pl.lit("Create")))
    with pytest.raises(UsageError, match="12 distinct answers, more than model.most_classes=11: drop it from task"):
        fitted(samples.operations(), Tfidf(template="{description}", most_classes=11))
    with pytest.raises(UsageError, match=r"model.template names \{title\}, which is none of"):
        fitted(two(), Tfidf(template="{title}"))
    with pytest.raises(ArtifactError, match="lack the column description"):
        fitted(two()).predict(two().drop("description"))


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"min_count": 0}, "model.min_count=0"),
        ({"most_classes": 1}, "give 2 or more"),
        ({"c": 0.0}, "model.c=0.0"),
        ({"class_weight": "much"}, "choose one of none, balanced"),
    ],
)
def test_impossible_settings_are_refused(settings: dict[str, Any], sentence: str) -> None:
    with pytest.raises(UsageError, match=sentence):
        Tfidf(template="{x}", **settings)


def test_as_a_baseline_it_reads_the_tasks_prompt_and_refuses_tables() -> None:
    text = TextToText(name="t", description="d", baselines=["tfidf"], prompt="{a} of {b}")
    assert Tfidf.as_baseline(Majority(), text) == Tfidf(template="{a} of {b}")
    with pytest.raises(UsageError, match="'tfidf' reads a text, and the task has none, nor has model 'majority': drop"):
        Tfidf.as_baseline(Majority(), Classification(name="t", description="d", baselines=["tfidf"]))


def test_rows_without_answers_are_refused() -> None:
    samples.refuses_rows_without_answers(CONFIG, two())


def several() -> pl.DataFrame:
    """The sample's sentences with labels: what they speak of, and one that all have."""
    labels = [
        written(["cloud", *(word for word in ("queue", "key", "vault") if word in text)])
        for text in samples.operations()["description"]
    ]
    return samples.operations().with_columns(pl.Series("answer", labels))


def test_labels_are_told_each_against_the_rest_as_scikit_learn_does(tmp_path: Path) -> None:
    train, config = several(), replace(CONFIG, objective="labels", c=30.0)
    model = fitted(train, config)
    predictions = model.predict(train.drop("answer"))
    texts = [f"{s}: {d}" for s, d in train.select("service", "description").iter_rows()]
    matrix = TfidfVectorizer(ngram_range=(1, 2), token_pattern=r"\w+", sublinear_tf=True).fit_transform(texts)
    for label in ("key", "queue", "vault"):
        has = [label in answer for answer in train["answer"]]
        expected = LogisticRegression(C=30.0, max_iter=1000).fit(matrix, has).predict_proba(matrix)[:, 1]
        said = [p.probabilities[label] for p in predictions if p.probabilities]
        assert said == pytest.approx(expected.tolist(), abs=1e-6)
    assert [p.text for p in predictions] == train["answer"].to_list()
    assert [p.probabilities["cloud"] for p in predictions if p.probabilities] == pytest.approx([13 / 14] * 12)
    samples.saved_and_loaded(config, model, train.drop("answer"), tmp_path)


def test_the_objective_says_what_is_learned() -> None:
    assert CONFIG.learns == ("classification", "text_to_text")
    assert replace(CONFIG, objective="labels").learns == ("multi_label",)
    several_labels = MultiLabel(name="t", description="d", baselines=["tfidf"])
    assert Tfidf.as_baseline(CONFIG, several_labels) == Tfidf(template=CONFIG.template, objective="labels")
    with pytest.raises(UsageError, match="model.objective=numbers: choose one of classes, labels"):
        Tfidf(template="{a}", objective="numbers")
    with pytest.raises(ShipworthyError, match="No row of train has a label"):
        fitted(several().with_columns(answer=pl.lit("[]")), replace(CONFIG, objective="labels"))
    with pytest.raises(UsageError, match="train has 4 labels, more than model.most_classes=3"):
        fitted(several(), replace(CONFIG, objective="labels", most_classes=3))
