"""A trained model and its base on the same documents of general benchmarks: what was lost, by paired tests."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from shipworthy.evaluation import claims, paired, resampling
from shipworthy.evaluation.claims import Claim
from shipworthy.evaluation.intervals import Interval, wilson
from shipworthy.evaluation.measures import DOCUMENT
from shipworthy.evaluation.resampling import Resampling

LEVEL = 0.95


@dataclass(frozen=True)
class Score:
    """A metric of a task, of both models.

    Attributes:
        task, metric, filter: their names; a filter is what was made of the answers before they were scored.
        base, tuned: of each document, the same ones in the same order, shape (n,); NaN where it has no number of its
            own.
        value_of_base, value_of_tuned: what the harness says of all documents together.
        greater_is_better: as it says.
    """

    task: str
    metric: str
    filter: str
    base: NDArray[np.float64]
    tuned: NDArray[np.float64]
    value_of_base: float
    value_of_tuned: float
    greater_is_better: bool = True

    @property
    def why_untested(self) -> str:
        """Why there can be no test by document, in a clause; empty if there can."""
        both = np.concatenate([self.base, self.tuned])
        if np.isnan(both).any():
            return "it is computed of all documents together"
        means = [self.base.mean(), self.tuned.mean()]
        if not np.allclose(means, [self.value_of_base, self.value_of_tuned], rtol=0, atol=1e-9):
            return "it is not the mean of its documents' scores"
        if not self.greater_is_better or both.min() < 0 or both.max() > 1:
            return "its documents' scores are no shares from 0 to 1 of which more is better"
        return ""

    @property
    def right(self) -> bool:
        """Whether each document is right or wrong."""
        return bool(np.isin(np.concatenate([self.base, self.tuned]), (0, 1)).all())

    def to_json(self) -> dict[str, Any]:
        """As it is in general.json where there is no test."""
        values = {"n": len(self.base), "base": self.value_of_base, "tuned": self.value_of_tuned}
        return {**self.names, **values, "why": self.why_untested}

    @property
    def names(self) -> dict[str, str]:
        """Of task, metric and filter."""
        return {"task": self.task, "metric": self.metric, "filter": self.filter}


@dataclass(frozen=True)
class Measured:
    """What a harness found.

    Attributes:
        versions: of the libraries that computed it.
        margin: the share of each score that may be lost.
        scores: every metric of every task.
        documents: a row for each document and metric: task, doc, hash, tokens, filter, metric, base, tuned.
    """

    versions: Mapping[str, str]
    margin: float
    scores: Sequence[Score]
    documents: pl.DataFrame


@dataclass(frozen=True)
class Tested:
    """A score of which something was shown, with the intervals of both models."""

    score: Score
    base: Interval
    tuned: Interval
    claim: Claim

    def to_json(self) -> dict[str, Any]:
        """As it is in general.json."""
        return {
            **self.score.names,
            "base": self.base.to_json(),
            "tuned": self.tuned.to_json(),
            "claim": self.claim.to_json(),
        }


def compare(scores: Sequence[Score], alpha: float, margin: float, seed: int) -> tuple[list[Tested], list[Score]]:
    """What was shown of each score, p-values adjusted for all of them (Holm); and those of which nothing can be.

    Args:
        alpha: significance level (0 to 1).
        margin: the share that may be lost.
    """
    fit = [one for one in scores if not one.why_untested]
    hows = [Resampling(len(one.base), None, seed, alpha) for one in fit]
    pairs = [paired.by_row(one.tuned, one.base, how, right=one.right) for one, how in zip(fit, hows, strict=True)]
    tested = [
        Tested(one, _interval(one, one.base, how), _interval(one, one.tuned, how), claim)
        for one, how, claim in zip(fit, hows, claims.decide(DOCUMENT, pairs, alpha, margin), strict=True)
    ]
    return tested, [one for one in scores if one.why_untested]


def record(harness: str, found: Measured, alpha: float, seed: int) -> tuple[dict[str, Any], list[Tested], list[Score]]:
    """What general.json says of it all, and what `compare` returns.

    Args:
        harness: which one.
        alpha: significance level (0 to 1).
    """
    tested, untested = compare(found.scores, alpha, found.margin, seed)
    said = {
        "asked": True,
        "harness": harness,
        "versions": {**found.versions},
        "alpha": alpha,
        "margin": found.margin,
        "correction": f"Holm over {len(tested)} score{'' if len(tested) == 1 else 's'}",
        "tested": [one.to_json() for one in tested],
        "untested": [one.to_json() for one in untested],
    }
    return said, tested, untested


def _interval(score: Score, rows: NDArray[np.float64], how: Resampling) -> Interval:
    if score.right:
        return wilson(int(rows.sum()), len(rows), LEVEL)
    (found,) = resampling.of_means(rows[:, None], how)
    return Interval.of(found, LEVEL)
