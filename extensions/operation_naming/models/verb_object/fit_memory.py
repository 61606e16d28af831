"""The memory of counting verbs and words."""

from shipworthy.models.fit_memory import PREDICTION_BYTES, FitSize

from .schema import VerbObject

SENTENCE_BYTES = 2000
"""Of a sentence as a list of words, with its openings."""


def parts(model: VerbObject, size: FitSize) -> dict[str, float]:
    """The sentences of train at once, then the counts of their words."""
    return {
        "sentences": SENTENCE_BYTES * size.train,
        "answers": size.answers_bytes + PREDICTION_BYTES * max(size.validation, size.test),
    }
