"""TF-IDF and logistic regression on texts, kept as JSON: scikit-learn fits it, `scorer.py` predicts.

Shapes: N rows, F terms, K classes (one row of weights where there are two).
"""

import json
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import polars as pl

from shipworthy.core.errors import ShipworthyError, UsageError
from shipworthy.core.files import write_text
from shipworthy.models import rows as read
from shipworthy.models.protocol import Prediction
from shipworthy.models.tfidf import scorer
from shipworthy.models.tfidf.schema import Tfidf


class TfidfModel:
    """A `Scorer`, as soon as it is fitted or loaded."""

    def __init__(self, config: Tfidf) -> None:
        self.config = config
        self.scorer: scorer.Scorer | None = None

    def fit(self, train: pl.DataFrame, validation: pl.DataFrame, seed: int) -> None:
        """Minimises the penalised log loss on train; the optimum is one, so `seed` and `validation` are not needed.

        Raises:
            UsageError: train has more distinct answers than `config.most_classes`.
            ShipworthyError: train has one class only or no word, or the solver did not get there in `max_iter` steps.
        """
        from sklearn.feature_extraction.text import TfidfVectorizer  # here, for predicting needs neither

        from shipworthy.models.logistic.solver import solve

        answers = read.classes(train)
        if (distinct := len(set(answers))) > self.config.most_classes:
            raise UsageError(
                f"Model 'tfidf' tells classes apart, and train has {distinct:,} distinct answers, more than "
                f"model.most_classes={self.config.most_classes}: drop it from task.baselines, or choose another model."
            )
        analyzer = partial(scorer.terms, longest=self.config.word_ngrams)
        vectorizer = TfidfVectorizer(analyzer=analyzer, sublinear_tf=True, min_df=self.config.min_count)
        try:
            features_NF = vectorizer.fit_transform(read.texts(train, self.config.template, "model.template"))
        except ValueError as error:  # scikit-learn's own, for an empty vocabulary
            raise ShipworthyError(
                f"No run of words stands in {self.config.min_count} texts of train: lower model.min_count."
            ) from error
        solved = solve(features_NF, answers, c=self.config.c, max_iter=self.config.max_iter)
        columns = zip(vectorizer.idf_.tolist(), *solved.weights_KF.tolist(), strict=True)
        self.scorer = scorer.Scorer(
            {
                "template": self.config.template,
                "longest": self.config.word_ngrams,
                "classes": solved.classes,
                "bias": solved.bias_K.tolist(),
                "terms": dict(zip(vectorizer.get_feature_names_out().tolist(), map(list, columns), strict=True)),
            }
        )

    def predict(self, rows: pl.DataFrame) -> Sequence[Prediction]:
        """The most likely class; of two classes also the probability of the last in sorted order."""
        assert self.scorer, "fit or load first"
        asked = read.select(rows, self.scorer.columns)
        answered = self.scorer.predict(asked.iter_rows(named=True))
        return [Prediction(one["prediction"], one.get("score")) for one in answered]

    def save(self, folder: Path) -> None:
        """One JSON file; a line for each term would be most of it, so it is one line."""
        assert self.scorer, "fit first"
        write_text(folder / scorer.FILE, json.dumps(self.scorer.saved, ensure_ascii=False))


def create(config: Tfidf) -> TfidfModel:
    """An unfitted model."""
    return TfidfModel(config)


def load(config: Tfidf, folder: Path) -> TfidfModel:
    """The model that was saved in `folder`."""
    model = TfidfModel(config)
    model.scorer = scorer.load(folder)
    return model
