"""TF-IDF and logistic regression on texts, kept as JSON: scikit-learn fits it, `scorer.py` predicts.

Shapes: N rows, F terms, K classes (one row of weights where there are two) or labels.
"""

import json
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import numpy as np
import polars as pl

from shipworthy.core.errors import ShipworthyError, UsageError
from shipworthy.core.files import write_text
from shipworthy.models import label_lists
from shipworthy.models import rows as read
from shipworthy.models.probabilities import most_likely
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
            UsageError: train has more distinct answers, or labels, than `config.most_classes`.
            ShipworthyError: train has one class only, or no label, or no word, or the solver did not get there in
                `max_iter` steps.
        """
        from sklearn.feature_extraction.text import TfidfVectorizer  # here, for predicting needs neither

        from shipworthy.models.logistic.solver import solve, solve_labels

        given = label_lists.lists(train) if self.config.tells_labels else [[one] for one in read.classes(train)]
        if (distinct := len(names := label_lists.names(given))) > self.config.most_classes:
            what = "labels" if self.config.tells_labels else "distinct answers"
            raise UsageError(
                f"Model 'tfidf' predicts classes, and train has {distinct:,} {what}, more than "
                f"model.most_classes={self.config.most_classes}: drop it from task.baselines, or choose another model."
            )
        analyzer = partial(scorer.terms, longest=self.config.word_ngrams)
        vectorizer = TfidfVectorizer(analyzer=analyzer, sublinear_tf=True, min_df=self.config.min_count)
        try:
            features_NF = vectorizer.fit_transform(read.texts(train, self.config.template, "model.template"))
        except ValueError as error:  # scikit-learn's own, for an empty vocabulary
            raise ShipworthyError(
                f"No run of words is in {self.config.min_count} texts of train: lower model.min_count."
            ) from error
        config = self.config
        c, max_iter = config.c, config.max_iter
        if self.config.tells_labels:
            solved = solve_labels(features_NF, names, label_lists.indicators(given, names), c=c, max_iter=max_iter)
        else:
            solved = solve(
                features_NF, [one for (one,) in given], c=c, max_iter=max_iter, class_weight=config.class_weight
            )
        columns = zip(vectorizer.idf_.tolist(), *solved.weights_KF.tolist(), strict=True)
        self.scorer = scorer.Scorer(
            {
                "template": self.config.template,
                "longest": self.config.word_ngrams,
                self.config.objective: solved.classes,
                "bias": solved.bias_K.tolist(),
                "terms": dict(zip(vectorizer.get_feature_names_out().tolist(), map(list, columns), strict=True)),
            }
        )

    def predict(self, rows: pl.DataFrame) -> Sequence[Prediction]:
        """The most likely class, or the likely labels, with the probabilities of all."""
        assert self.scorer, "fit or load first"
        asked, names = read.select(rows, self.scorer.columns), self.scorer.names
        values_NK = np.empty((asked.height, len(names)))
        for place, row in enumerate(asked.iter_rows(named=True)):
            values_NK[place] = self.scorer.shares(row)
        return label_lists.predicted(names, values_NK) if self.config.tells_labels else most_likely(names, values_NK)

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
