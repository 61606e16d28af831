"""What is true of sampled documents, by exact Jaccard similarity over the whole corpus; and how labels compare with it.

Everything is counted in distinct texts: that equal ones belong together no contender gets wrong. Shingles are compared
as strings, through an inverted index: nothing here is shared with our own way to find duplicates.
"""

from array import array
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from scipy.sparse import csr_array

AT_ONCE = 256
RESAMPLES = 2000


@dataclass
class Truth:
    """Sampled texts and what belongs to each.

    Attributes:
        rows: shape (m,), a document for each distinct text.
        sampled: shape (s,), texts (places in `rows`).
        neighbours: for each the other texts that are as similar as the threshold.
        mates: for each the other texts that can be reached through such neighbours.
    """

    rows: np.ndarray
    sampled: np.ndarray
    neighbours: list[np.ndarray]
    mates: list[np.ndarray]


class Index:
    """Distinct texts × shingles, both ways.

    Args:
        texts: m distinct texts, words with single spaces.
        size: length of a shingle (words).
        threshold: least Jaccard similarity.
    """

    def __init__(self, texts: list[str], size: int, threshold: float) -> None:
        known: dict[str, int] = {}
        ids = array("i")
        offsets = [0]
        for text in texts:
            words = text.split(" ")
            runs = {" ".join(words[i : i + size]) for i in range(max(1, len(words) - size + 1))}
            ids.extend(known.setdefault(run, len(known)) for run in runs)
            offsets.append(len(ids))
        ones = np.ones(len(ids), np.int32)
        self.has = csr_array((ones, np.array(ids, np.int32), np.array(offsets)), shape=(len(texts), len(known)))
        self.whose = self.has.T.tocsr()
        self.sizes = np.diff(self.has.indptr)
        self.threshold = threshold

    def neighbours(self, texts: np.ndarray) -> list[np.ndarray]:
        """For each of some texts the others that are similar enough."""
        shared = self.has[texts] @ self.whose
        found = []
        for i, text in enumerate(texts):
            other = shared.indices[shared.indptr[i] : shared.indptr[i + 1]]
            count = shared.data[shared.indptr[i] : shared.indptr[i + 1]]
            close = count / (self.sizes[text] + self.sizes[other] - count) >= self.threshold
            found.append(other[close & (other != text)])
        return found


def establish(documents: Path, size: int, threshold: float, sample: int) -> Truth:
    """The truth about `sample` distinct texts that have at least as many words as a shingle."""
    every = pl.read_parquet(documents, columns=["text"]).with_row_index("row").unique("text", keep="first")
    every = every.sort("row")
    index = Index(every["text"].to_list(), size, threshold)
    eligible = np.flatnonzero((every["text"].str.count_matches(" ") + 1 >= size).to_numpy())
    sampled = np.random.default_rng(1).choice(eligible, min(sample, len(eligible)), replace=False)
    near: dict[int, np.ndarray] = {}
    frontier = sampled
    while len(frontier):
        for low in range(0, len(frontier), AT_ONCE):
            some = frontier[low : low + AT_ONCE]
            near.update(zip(some.tolist(), index.neighbours(some), strict=True))
        reached = np.unique(np.concatenate([near[text] for text in frontier.tolist()]))
        frontier = np.array([text for text in reached.tolist() if text not in near], np.int64)
    neighbours = [near[text] for text in sampled.tolist()]
    return Truth(every["row"].to_numpy(), sampled, neighbours, [_reached(text, near) for text in sampled.tolist()])


def _reached(text: int, near: dict[int, np.ndarray]) -> np.ndarray:
    found, frontier = {text}, [text]
    while frontier:
        new = set(near[frontier.pop()].tolist()) - found
        found |= new
        frontier += new
    return np.array(sorted(found - {text}), np.int64)


def shares(labels: np.ndarray, truth: Truth) -> np.ndarray:
    """For each sampled text, shape (s, 3), NaN where there is nothing to share.

    Columns: of the texts with its label, how many truly belong to it; of those that do, how many have its label; and
    the same of its direct neighbours.
    """
    own = labels[truth.rows]
    order = np.argsort(own, kind="stable")
    low = np.searchsorted(own[order], own[truth.sampled], side="left")
    high = np.searchsorted(own[order], own[truth.sampled], side="right")
    result = np.full((len(truth.sampled), 3), np.nan)
    for i, text in enumerate(truth.sampled):
        said = order[low[i] : high[i]]
        said = said[said != text]
        right = len(np.intersect1d(said, truth.mates[i]))
        if len(said):
            result[i, 0] = right / len(said)
        if len(truth.mates[i]):
            result[i, 1] = right / len(truth.mates[i])
            result[i, 2] = len(np.intersect1d(said, truth.neighbours[i])) / len(truth.neighbours[i])
    return result


def means(table: np.ndarray) -> np.ndarray:
    """Precision, recall, F1, and recall of direct neighbours."""
    precision, recall, neighbours = np.nanmean(table, axis=0)
    return np.array([precision, recall, 2 * precision * recall / (precision + recall), neighbours])


def scores(tables: dict[str, np.ndarray], ours: str) -> dict[str, dict[str, Any]]:
    """For each contender the means with 95% bootstrap intervals over the sampled texts, and ours minus its F1.

    All contenders are resampled together: the differences are paired.
    """
    draw = np.random.default_rng(2)
    size = len(next(iter(tables.values())))
    resampled: dict[str, list[np.ndarray]] = {name: [] for name in tables}
    for _ in range(RESAMPLES):
        chosen = draw.integers(0, size, size)
        for name, table in tables.items():
            resampled[name].append(means(table[chosen]))
    result = {}
    for name, table in tables.items():
        low, high = np.percentile(resampled[name], [2.5, 97.5], axis=0)
        names = ("precision", "recall", "f1", "neighbours")
        result[name] = {
            key: [float(mean), float(a), float(b)]
            for key, mean, a, b in zip(names, means(table), low, high, strict=True)
        }
        if ours in tables:
            ahead = np.array(resampled[ours])[:, 2] - np.array(resampled[name])[:, 2]
            mean = means(tables[ours])[2] - means(table)[2]
            result[name]["ours_ahead"] = [float(mean), *(float(x) for x in np.percentile(ahead, [2.5, 97.5]))]
    return result
