"""The answer of the most similar row of train, by TF-IDF and cosine."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import polars as pl
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.pipeline import FeatureUnion

from shipworthy.models import parquet
from shipworthy.models import rows as read
from shipworthy.models.nearest.schema import Nearest
from shipworthy.models.protocol import Prediction

FILE = "train.parquet"
CELLS_AT_ONCE = 8_000_000
"""Similarities that are in memory at once (8 bytes each)."""


class NearestModel:
    """Keeps train's texts and answers; the index is made from them again at each load, always the same."""

    def __init__(self, config: Nearest) -> None:
        self.config = config
        words = TfidfVectorizer(ngram_range=(1, config.word_ngrams), token_pattern=r"\w+", sublinear_tf=True)  # noqa: S106
        chars = TfidfVectorizer(analyzer="char_wb", ngram_range=(3, config.char_ngrams), sublinear_tf=True)
        self.vectorizer = FeatureUnion([("words", words), ("chars", chars)])
        self.known = pl.DataFrame()

    def fit(self, train: pl.DataFrame, validation: pl.DataFrame, seed: int) -> None:
        """Indexes train; `validation` and `seed` are not needed."""
        answers = read.answers(train)
        self._index(pl.DataFrame({"text": read.texts(train, self.config.template), "answer": answers}))

    def _index(self, known: pl.DataFrame) -> None:
        self.known = known
        # terms × texts; as rows of terms, for a product with the transpose would make them anew for each block
        self.index = self.vectorizer.fit_transform(known["text"].to_list()).T.tocsr()

    def predict(self, rows: pl.DataFrame) -> Sequence[Prediction]:
        """Of rows of train that are as similar, the first one's answer."""
        texts = read.texts(rows, self.config.template)
        found: list[int] = []
        at_once = max(1, CELLS_AT_ONCE // max(1, self.known.height))
        for start in range(0, len(texts), at_once):
            asked = self.vectorizer.transform(texts[start : start + at_once])
            found += np.asarray((asked @ self.index).toarray()).argmax(axis=1).tolist()
        return [Prediction(answer) for answer in self.known["answer"].gather(found)]

    def save(self, folder: Path) -> None:
        """One parquet file: text, answer."""
        self.known.write_parquet(folder / FILE)


def create(config: Nearest) -> NearestModel:
    """An unfitted model."""
    return NearestModel(config)


def load(config: Nearest, folder: Path) -> NearestModel:
    """The model that was saved in `folder`."""
    model = NearestModel(config)
    model._index(parquet.read(folder / FILE))
    return model
