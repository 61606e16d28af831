"""Scores of ablations whose truth is known."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shipworthy.track.ablation import report
from shipworthy.track.ablation.design import Training, planned, trainings
from shipworthy.track.ablation.schema import Ablation

ROWS = 400
CHANGES = {"a": ["x=1"], "b": ["x=2"], "c": ["x=3"]}


def scores_of(
    config: Ablation,
    effects: Mapping[str, float],
    *,
    together: float = 0.0,
    seed: int = 0,
    luck: float = 0.02,
    rows: int = ROWS,
) -> dict[Training, NDArray[np.float64]]:
    """Rows answered by trainings whose changes shift the chance of a right answer by `effects`, and seeds by chance.

    Args:
        together: what `a` and `b` shift it by more where both are made.
        luck: standard deviation of a training's own shift.
    """
    draws = np.random.default_rng(seed)
    difficulty = draws.normal(0, 0.2, rows)
    found = {}
    for one in trainings(config, seed=17):
        shift = sum(effects[name] for name in one.changed) + together * ({"a", "b"} <= set(one.changed))
        chance = 0.5 + shift + difficulty + draws.normal(0, luck)
        found[one] = (draws.random(rows) < chance).astype(float)
    return found


def by_seed(config: Ablation, effects: Mapping[int, float], rows: int = 20_000) -> dict[Training, NDArray[np.float64]]:
    """Scores whose one change does so much on each seed, to each row a bit more or less."""
    of_rows = np.random.default_rng(1).normal(0, 0.2, rows)
    return {
        one: np.full(rows, 0.5) + bool(one.changed) * (effects[one.seed] + of_rows - of_rows.mean())
        for one in trainings(config, 17)
    }


def document(config: Ablation, scores: Mapping[Training, NDArray[np.float64]], **whole: Any) -> dict[str, Any]:
    """ablation.json of them; each training has a model of its own."""
    made = {
        "seed": 17,
        "task": {"metric": "accuracy", "criteria": {"noninferiority_margin": 0.01}},
        "model": {"kind": "xgboost", "max_depth": 6},
        "ablation": {"seeds": config.seeds},
        **whole,
    }
    record = {"overrides": ["experiment=own", "ablation=own"], "plan": planned(config, made, {"model": "xgboost"})}
    return report.document(config, made, record, scores, {one: one.name for one in scores}, ROWS)
