"""What changes do to the metric, seed by seed and row by row: alone, beside another one, and how far two interact.

An effect is the training with the change minus the one without it, of the same seed, on the same rows; of a factorial
design its mean over the settings of the other decisions. A pair of which one did not end is left out.

    U units: validation rows, or groups of them
"""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from shipworthy.track.ablation.design import Training

Scores = Mapping[Training, NDArray[np.float64]]
"""Of each training that came to an end what its validation rows, or groups of them, add to the metric, which is their
mean: shape (U,); or shape (1,), the metric itself, where rows say nothing of its variance."""
NOWHERE: Mapping[str, bool] = {}


def effect(name: str, scores: Scores, at: Mapping[str, bool] = NOWHERE) -> list[NDArray[np.float64]]:
    """For each seed, with - without the change, shape (U,).

    Args:
        at: of other changes, whether they are made: only such trainings count.
    """
    return list(_by_seed([name], scores, at))


def interaction(one: str, other: str, scores: Scores) -> list[NDArray[np.float64]]:
    """For each seed how much more a change does where the other one is made than where it is not, shape (U,)."""
    return list(_by_seed([one, other], scores, NOWHERE))


def mean(scores: Scores, at: Mapping[str, bool]) -> float:
    """The metric of the trainings in which these changes are made or not, on average; NaN of none."""
    found = [float(one.mean()) for training, one in scores.items() if _is(training, at)]
    return float(np.mean(found)) if found else float("nan")


def _by_seed(names: Sequence[str], scores: Scores, at: Mapping[str, bool]) -> Iterator[NDArray[np.float64]]:
    """The contrast of the changes, each made minus not made, by seed; averaged over the settings of all others."""
    known = {(one.changed, one.seed): found for one, found in scores.items() if _is(one, at)}
    full = dict.fromkeys(changed for changed, _ in known if set(names) <= set(changed))
    for seed in sorted({seed for _, seed in known}):
        contrasts = []
        for changed in full:
            corners = [(tuple(one for one in changed if one not in gone), len(gone)) for gone in _subsets(names)]
            if all((corner, seed) in known for corner, _ in corners):
                contrasts.append(sum((-1) ** gone * known[corner, seed] for corner, gone in corners))
        if contrasts:
            yield np.mean(contrasts, axis=0)


def _is(training: Training, at: Mapping[str, bool]) -> bool:
    return all((name in training.changed) == made for name, made in at.items())


def _subsets(names: Sequence[str]) -> list[tuple[str, ...]]:
    """All of them, the empty one first."""
    found: list[tuple[str, ...]] = [()]
    for name in names:
        found += [(*one, name) for one in found]
    return found
