"""What the words of a text, and the gaps of a column, tell about the answer."""

import re

import numpy as np
import polars as pl
from numpy.typing import NDArray

from shipworthy.data.gates.one_column import FEW_VALUES, Labelled, interval, worst
from shipworthy.evaluation.intervals import Interval

WORD = re.compile(r"\w+")
ENDS = ".,;:!?()\"'"
MAX_WORDS = 20_000
"""The most frequent words are looked at."""


def is_text(column: pl.Series) -> bool:
    """Whether its values are so many that they are looked at by their words."""
    distinct = column.n_unique()
    return column.dtype == pl.String and (distinct > FEW_VALUES or 2 * distinct > column.len())


def told_by_gaps(column: pl.Series, labelled: Labelled) -> tuple[Interval, str]:
    """How well it tells a class whether a value is missing, and the class that it tells best.

    The best, for a column that is filled after the fact is filled for one class of several.
    """
    filled = column.is_not_null().to_numpy()
    areas = [_area_of_flag(filled, labelled, one) for one in labelled.measured]
    best = int(np.argmax(areas))
    return interval(areas[best], labelled.measured[best], labelled), labelled.name(labelled.measured[best])


def told_by_words(texts: pl.Series, labelled: Labelled) -> Interval | None:
    """How well single words tell the classes: for each class the best word, then the class that is told worst.

    Words are looked at with and without the signs that touch them, for `<=50K` and `>50K` differ in signs alone. None
    where no word is in as many rows as half of the smallest class has.
    """
    from sklearn.feature_extraction.text import CountVectorizer

    least = min(int(labelled.sizes[one]) for one in labelled.measured)
    seldom = max(1, least // 2)
    counter = CountVectorizer(binary=True, analyzer=_words, min_df=seldom, max_features=MAX_WORDS)
    try:
        stands = counter.fit_transform(texts.fill_null("").to_list())  # (N, words)
    except ValueError:  # of sparse texts none is left
        return None
    rows = np.asarray(stands.sum(axis=0)).ravel()
    best = np.zeros(len(labelled.measured))
    for i, one in enumerate(labelled.measured):
        inside = labelled.classes == one
        with_word = np.asarray(stands[inside].sum(axis=0)).ravel()
        gap = with_word / inside.sum() - (rows - with_word) / (~inside).sum()
        best[i] = 0.5 + np.abs(gap).max() / 2
    return worst(best, labelled)


def _words(text: str) -> set[str]:
    small = text.lower()
    return {*WORD.findall(small), *(word.strip(ENDS) for word in small.split())}


def _area_of_flag(flag_N: NDArray[np.bool_], labelled: Labelled, one: int) -> float:
    """The area under the ROC curve of a flag, or of its opposite."""
    inside = labelled.classes == one
    return 0.5 + abs(float(flag_N[inside].mean()) - float(flag_N[~inside].mean())) / 2
