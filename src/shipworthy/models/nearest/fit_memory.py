"""The memory of the most similar row of train."""

from collections.abc import Iterator

from shipworthy.models import rows as read
from shipworthy.models.fit_memory import FEWEST_TEXTS, FLOAT, INT, PREDICTION_BYTES, TERM_BYTES, FitSize
from shipworthy.models.nearest.family import CELLS_AT_ONCE, NearestModel
from shipworthy.models.nearest.schema import Nearest


def parts(model: Nearest, size: FitSize) -> dict[str, float]:
    """Words, and runs of characters, of every text of train; they are put together and turned into an index."""
    texts = read.texts(size.sample.head(FEWEST_TEXTS), model.template)
    terms, each = size.terms(_terms(model, texts))
    mean = sum(map(len, texts)) / max(1, len(texts))
    return {
        "texts": size.train * (2 * mean + 120),
        "features": 3 * (FLOAT + INT) * size.train * each,
        "vocabulary": TERM_BYTES * terms,
        "similarities": 2.5 * FLOAT * min(CELLS_AT_ONCE, size.train * max(size.validation, size.test)),
        "answers": size.answers_bytes + PREDICTION_BYTES * max(size.validation, size.test),
    }


def _terms(model: Nearest, texts: list[str]) -> Iterator[list[str]]:
    """As the family's own vectorizers read a text."""
    analyzers = [one.build_analyzer() for _, one in NearestModel(model).vectorizer.transformer_list]
    for text in texts:
        yield [f"{number} {term}" for number, analyze in enumerate(analyzers) for term in analyze(text)]
