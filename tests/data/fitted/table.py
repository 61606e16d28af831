"""A small table with what fitting is for: missing values, far values, names."""

import numpy as np
import polars as pl

FEATURES = {"age": pl.Int64(), "hours": pl.Float64(), "job": pl.String(), "town": pl.String()}


def table(n: int = 400, seed: int = 0) -> pl.DataFrame:
    """id, cluster, split, FEATURES and answer; 5% of age and of job are missing, and some hours are far out."""
    draws = np.random.default_rng(seed)
    job = draws.choice(["clerk", "farmer", "judge"], n, p=[0.6, 0.3, 0.1])
    rich = draws.random(n) < np.where(job == "judge", 0.9, np.where(job == "clerk", 0.3, 0.1))
    age = 30 + 20 * (job == "judge") + draws.integers(-5, 6, n)
    hours = np.where(draws.random(n) < 0.02, 900.0, draws.normal(40, 5, n).round(1))
    split = np.where(np.arange(n) % 10 < 7, "train", np.where(np.arange(n) % 10 < 8, "validation", "test"))
    frame = pl.DataFrame(
        {
            "id": [f"r{i:05}" for i in range(n)],
            "cluster": [f"r{i - i % 2:05}" for i in range(n)],
            "split": split,
            "age": age,
            "hours": hours,
            "job": job,
            "town": draws.choice([f"town {i}" for i in range(30)], n),
            "answer": np.where(rich, ">50K", "<=50K"),
        }
    )
    gaps = [pl.Series(draws.random(n) < 0.05) for _ in range(2)]
    return frame.with_columns(
        age=pl.when(gaps[0]).then(None).otherwise(pl.col("age")),
        job=pl.when(gaps[1]).then(None).otherwise(pl.col("job")),
    )
