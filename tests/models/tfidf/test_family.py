import math
from pathlib import Path

import polars as pl
import pytest
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression

from shipworthy.core.errors import ArtifactError, ShipworthyError, UsageError
from shipworthy.evaluation.tasks.schema import Classification, TextToText
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


@pytest.mark.parametrize("train", [two(), verbs()], ids=["two", "many"])
def test_it_says_what_scikit_learn_says(train: pl.DataFrame, tmp_path: Path) -> None:
    model = fitted(train)
    asked = samples.operations().drop("answer").with_columns(description=pl.col("description") + " It creates, creates")
    vectorizer = TfidfVectorizer(ngram_range=(1, 2), token_pattern=r"\w+", sublinear_tf=True)
    texts = [[f"{s}: {d}" for s, d in rows.select("service", "description").iter_rows()] for rows in (train, asked)]
    solver = LogisticRegression(C=CONFIG.c, max_iter=1000).fit(vectorizer.fit_transform(texts[0]), train["answer"])
    matrix = vectorizer.transform(texts[1])
    predictions = model.predict(asked)
    assert [p.text for p in predictions] == solver.predict(matrix).tolist()
    if len(solver.classes_) == 2:
        assert [p.score for p in predictions] == pytest.approx(solver.predict_proba(matrix)[:, 1].tolist(), abs=1e-6)
    else:
        assert {p.score for p in predictions} == {None}
        assert len({p.text for p in predictions}) > 2
    samples.saved_and_loaded(CONFIG, model, asked, tmp_path)


def test_a_text_without_a_known_word_gets_the_biases_answer() -> None:
    model = fitted(two(), Tfidf(template="{description}", min_count=1))
    (answer,) = model.predict(pl.DataFrame({"description": ["zzz"]}))
    assert model.scorer
    (bias,) = model.scorer.saved["bias"]
    assert answer.score == pytest.approx(1 / (1 + math.exp(-bias)))
    assert answer.text == ("Delete" if bias > 0 else "Create")


def test_rare_terms_do_not_count() -> None:
    model = fitted(two(), Tfidf(template="{description}", min_count=2))
    assert model.scorer
    assert "queue" in model.scorer.saved["terms"]
    assert "vault" not in model.scorer.saved["terms"]
    with pytest.raises(ShipworthyError, match="No run of words stands in 99 texts of train: lower model.min_count"):
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
    [({"min_count": 0}, "model.min_count=0"), ({"most_classes": 1}, "give 2 or more"), ({"c": 0.0}, "model.c=0.0")],
)
def test_impossible_settings_are_refused(settings: dict[str, float], sentence: str) -> None:
    with pytest.raises(UsageError, match=sentence):
        Tfidf(template="{x}", **settings)


def test_as_a_baseline_it_reads_the_tasks_prompt_and_refuses_tables() -> None:
    text = TextToText(name="t", description="d", baselines=["tfidf"], prompt="{a} of {b}")
    assert Tfidf.as_baseline(Majority(), text) == Tfidf(template="{a} of {b}")
    with pytest.raises(UsageError, match="'tfidf' reads a text, and the task has none: drop it from task.baselines"):
        Tfidf.as_baseline(Majority(), Classification(name="t", description="d", baselines=["tfidf"]))


def test_rows_without_answers_are_refused() -> None:
    samples.refuses_rows_without_answers(CONFIG, two())
