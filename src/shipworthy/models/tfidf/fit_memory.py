"""The memory of TF-IDF and logistic regression on texts."""

from shipworthy.models import rows as read
from shipworthy.models.fit_memory import (
    FEWEST_TEXTS,
    FLOAT,
    INT,
    TERM_BYTES,
    FitSize,
    linear_solver,
)
from shipworthy.models.tfidf import scorer
from shipworthy.models.tfidf.schema import Tfidf

FLOAT_OBJECT = 32
"""Bytes of a number in a list."""


def parts(model: Tfidf, size: FitSize) -> dict[str, float]:
    """Terms are counted on a part of the sample; before the rare ones go, the vocabulary holds all."""
    texts = read.texts(size.sample.head(10 * FEWEST_TEXTS), model.template)
    longest = model.word_ngrams
    terms, each = size.terms((scorer.terms(text, longest) for text in texts), least=model.min_count)
    all_terms, _ = size.terms(scorer.terms(text, longest) for text in texts)
    each_alone = model.tells_labels
    said = size.labels if each_alone else size.classes
    columns = said if each_alone or said > 2 else 1
    mean = sum(map(len, texts)) / max(1, len(texts))
    return {
        "texts": size.train * (2 * mean + 60),
        "features": 2 * (FLOAT + INT) * size.train * each,
        "vocabulary": TERM_BYTES * all_terms,
        "solver": linear_solver(terms, size, 1 if each_alone else columns),
        **({"matrix of weights": FLOAT * terms * columns} if each_alone else {}),
        "weights": terms * (TERM_BYTES + FLOAT_OBJECT * (columns + 1)),
        "answers": 2 * size.answers_bytes + size.predictions_bytes(said),
    }
