"""Which of all pairs of columns may tell the answer together though neither tells much alone.

Thousands of pairs are looked at roughly, on a few thousand rows, so that the few that look promising can be measured.
Each column is made into a few codes, and the codes of two columns into cells; counts of the rows in each cell come for
all pairs from products of matrices. Sums and differences of numbers, which cells are too coarse for, are found by the
share of the answer's variance that two columns explain in a linear regression.

Shapes: N rows, P columns, V codes, C classes.
"""

from collections.abc import Iterator, Mapping

import numpy as np
import polars as pl
from numpy.typing import NDArray

from shipworthy.data.gates.one_column import Labelled, as_number, coded

ROWS = 4000
FEW_COLUMNS, FINE, COARSE = 100, 16, 8
"""Codes of a column, of few columns and of more."""
BLOCK_CELLS = 4_000_000
"""Cells that are counted at once."""
MOST = 10
"""Pairs of each kind that look most promising."""
LEAST_AREA = 0.85
"""Of a pair that is worth measuring, by its cells."""
LEAST_EXPLAINED = 0.3
"""Of a pair that is worth measuring: the share of the answer's variance that it explains linearly."""
PRIOR_ROWS = 1.0
NEARLY_THE_SAME = 1e-6
"""Of two columns whose correlation leaves less than this share of their variance, only one is worth looking at."""

Numbers = NDArray[np.float64]
Pair = tuple[str, str]


def promising(columns: Mapping[str, pl.Series], labelled: Labelled) -> list[Pair]:
    """The pairs that are worth measuring, without order.

    Args:
        columns: of the same N rows.
        labelled: their answers.
    """
    if len(columns) < 2:
        return []
    names = list(columns)
    some = np.random.default_rng(0).permutation(len(labelled.classes))[:ROWS]  # the rows may stand class by class
    first = {name: column.gather(some) for name, column in columns.items()}
    answers = labelled.classes[some]
    measured = [one for one in labelled.measured if 0 < (answers == one).sum() < len(answers)]
    pairs = [(names[i], names[j]) for i, j in _by_cells(list(first.values()), answers, measured)]
    numbers = {name: column for name, column in first.items() if column.dtype.is_numeric()}
    found = _by_regression(list(numbers.values()), answers, measured)
    pairs += [(list(numbers)[i], list(numbers)[j]) for i, j in found]
    return list(dict.fromkeys(pairs))


def _by_cells(columns: list[pl.Series], answers: NDArray[np.int64], measured: list[int]) -> list[tuple[int, int]]:
    """Pairs of columns whose cells tell each class in the other half of the rows."""
    codes = FINE if len(columns) <= FEW_COLUMNS else COARSE
    half = np.arange(len(answers)) % 2 == 0
    hot = np.concatenate([_one_hot(column, codes) for column in columns], axis=1)  # (N, P V)
    values = hot.shape[1] // len(columns)
    least: list[tuple[float, int, int]] = []
    step = max(1, BLOCK_CELLS // (len(columns) * values**2))
    for start in range(0, len(columns), step):
        block = hot[:, start * values : (start + step) * values]
        areas = np.full((block.shape[1] // values, len(columns)), np.inf)
        whole = [_cells(block[side], hot[side], values) for side in (half, ~half)]
        for one in measured:
            mine = [_cells(block[side & (answers == one)], hot[side & (answers == one)], values)
                    for side in (half, ~half)]  # fmt: skip
            areas = np.minimum(areas, _areas(mine[0], whole[0], mine[1], whole[1]))
        rows, others = np.nonzero(areas >= LEAST_AREA)
        least += [
            (float(areas[i, j]), start + i, j)
            for i, j in zip(rows.tolist(), others.tolist(), strict=True)
            if start + i < j
        ]
    return [(i, j) for _, i, j in sorted(least, reverse=True)[:MOST]]


def _one_hot(column: pl.Series, codes: int) -> NDArray[np.float32]:
    """Codes from 0 (missing) to `codes`, shape (N, codes + 1); of many names the most frequent ones have their own."""
    found = coded(column, codes)
    if found.max(initial=0) > codes:
        frequent = np.argsort(-np.bincount(found), kind="stable")[: codes - 1]
        place = np.zeros(int(found.max()) + 1, dtype=np.int64)
        place[frequent] = np.arange(1, len(frequent) + 1)
        found = place[found]
    return np.eye(codes + 1, dtype=np.float32)[found]


def _cells(block: NDArray[np.float32], hot: NDArray[np.float32], values: int) -> Numbers:
    """The rows in each cell of each pair: shape (block's columns, P, V²)."""
    counts = (block.T @ hot).reshape(block.shape[1] // values, values, -1, values)
    return counts.transpose(0, 2, 1, 3).reshape(counts.shape[0], counts.shape[2], -1).astype(np.float64)


def _areas(mine: Numbers, whole: Numbers, mine_then: Numbers, whole_then: Numbers) -> Numbers:
    """The area under the ROC curve of each pair: a cell's share of the class in one half is its score in the other."""
    share = mine.sum(axis=-1, keepdims=True) / np.maximum(1, whole.sum(axis=-1, keepdims=True))
    score = (mine + PRIOR_ROWS * share) / (whole + PRIOR_ROWS)
    order = np.argsort(score, axis=-1)
    yes = np.take_along_axis(mine_then, order, axis=-1)
    no = np.take_along_axis(whole_then, order, axis=-1) - yes
    below = np.cumsum(no, axis=-1) - no
    total = np.maximum(1, yes.sum(axis=-1) * no.sum(axis=-1))
    area: Numbers = (yes * (below + no / 2)).sum(axis=-1) / total
    return area


def _by_regression(columns: list[pl.Series], answers: NDArray[np.int64], measured: list[int]) -> list[tuple[int, int]]:
    """Pairs of numbers that explain far more of the answer linearly than the better of them does alone."""
    if len(columns) < 2:
        return []
    values = np.stack([_standard(as_number(column).to_numpy()) for column in columns], axis=1)
    between = values.T @ values / len(values)
    found: list[tuple[float, int, int]] = []
    for target in _targets(answers, measured):
        alone = values.T @ _standard(target.astype(np.float64)) / len(values)
        left = np.maximum(1 - between**2, NEARLY_THE_SAME)
        a, b = alone[:, None], alone[None, :]
        explained = np.triu((a**2 + b**2 - 2 * a * b * between) / left, k=1)
        best = np.maximum(a**2, b**2)
        rows, others = np.nonzero((explained > LEAST_EXPLAINED) & (1 - explained < (1 - best) / 2))
        found += [(float(explained[i, j]), i, j) for i, j in zip(rows.tolist(), others.tolist(), strict=True)]
    ranked = dict.fromkeys((i, j) for _, i, j in sorted(found, reverse=True))
    return list(ranked)[:MOST]


def _targets(answers: NDArray[np.int64], measured: list[int]) -> Iterator[NDArray[np.int64]]:
    """The classes by the order of their names, and each of several against the rest."""
    yield answers
    for one in measured if answers.max(initial=0) > 1 else ():
        yield (answers == one).astype(np.int64)


def _standard(numbers: Numbers) -> Numbers:
    """With mean 0 and variance 1; what is missing is 0."""
    known = np.isfinite(numbers)
    mean = numbers[known].mean() if known.any() else 0.0
    centered = np.where(known, numbers - mean, 0.0)
    deviation = np.sqrt((centered**2).mean())
    return centered / deviation if deviation else centered
