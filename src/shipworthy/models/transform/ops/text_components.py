"""A text as a few numbers: TF-IDF of its words, projected on the main directions of train's texts.

Latent semantic analysis (Deerwester et al. 1990, J. Am. Soc. Inf. Sci. 41:391). Shapes: N rows, V words, K directions.
"""

import re
from collections import Counter
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..replay import Columns, put

WORD = re.compile(r"\w+")


def words(text: str) -> list[str]:
    """The words of a text, in lower case."""
    return WORD.findall(text.lower())


def make(step: dict[str, Any]) -> Callable[[Columns], None]:
    """`column`, `words` and their `idf` (V), `components` (K lists of V), `outputs` (K names)."""
    places = {word: place for place, word in enumerate(step["words"])}
    idf_V, components_KV = np.array(step["idf"]), np.array(step["components"])

    def apply(columns: Columns) -> None:
        made_KN = project(columns[step["column"]], places, idf_V, components_KV)
        put(columns, step["column"], dict(zip(step["outputs"], made_KN, strict=True)))

    return apply


def project(
    texts: NDArray[Any], places: dict[str, int], idf_V: NDArray[np.float64], components_KV: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Shape (K, N); NaN for a missing text, 0 for one without a known word.

    A word that stands n times weighs (1 + log n) · idf; a text's weights have the length 1.
    """
    rows, found, counts = [], [], []
    for row, text in enumerate(texts):
        for word, count in Counter(words(text or "")).items():
            if word in places:
                rows.append(row)
                found.append(places[word])
                counts.append(count)
    row_, word_ = np.array(rows, dtype=np.int64), np.array(found, dtype=np.int64)
    weights = (1 + np.log(np.array(counts, dtype=np.float64))) * idf_V[word_]
    lengths_N = np.sqrt(np.bincount(row_, weights**2, len(texts)))
    weights /= lengths_N[row_]
    sums = [np.bincount(row_, weights * one[word_], len(texts)) for one in components_KV]
    made_KN = np.array(sums, dtype=np.float64)
    made_KN[:, [text is None for text in texts]] = np.nan
    return made_KN
