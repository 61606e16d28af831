"""A sound table as the gates see it, and one with a fault."""

import atexit
from collections.abc import Mapping
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import polars as pl

from shipworthy.data.gates.interface import GateInput

SCRATCH = TemporaryDirectory(prefix="gates-")
atexit.register(SCRATCH.cleanup)
NUMBERS = count()
FEATURES = {"age": pl.Int64(), "hours": pl.Float64(), "job": pl.String()}


def rows(n: int = 1000, seed: int = 0) -> pl.DataFrame:
    """id, cluster, split, FEATURES and an answer that follows from them but for some noise."""
    draws = np.random.default_rng(seed)
    job = draws.choice(["clerk", "farmer", "judge"], n, p=[0.5, 0.3, 0.2])
    age, hours = draws.integers(18, 80, n), draws.normal(40, 8, n).round(1)
    risen = (age - 45) / 15 + (hours - 40) / 8 + 1.5 * (job == "judge") + draws.normal(0, 0.4, n)
    frame = pl.DataFrame(
        {
            "id": [f"r{i:05}" for i in range(n)],
            "cluster": [f"r{i:05}" for i in range(n)],
            "split": ["train" if i % 10 < 7 else "validation" if i % 10 < 8 else "test" for i in range(n)],
            "age": age,
            "hours": hours,
            "job": job,
            "answer": np.where(risen > 0.3, "yes", "no"),
        }
    )
    gap = pl.Series(draws.random(n) < 0.03)
    return frame.with_columns(job=pl.when(gap).then(None).otherwise("job"))


def gate_input(frame: pl.DataFrame, size: int = 1000) -> GateInput:
    """Of all columns that are features."""
    names = [name for name in frame.columns if name not in {"id", "cluster", "split", "answer"}]
    return on_disk(frame, {name: frame.schema[name] for name in names}, size)


def on_disk(
    frame: pl.DataFrame, features: Mapping[str, pl.DataType], size: int, *, halves: bool = False, **known: object
) -> GateInput:
    """The frame in a file, as gates read it; halves: in two files. `known` are further attributes."""
    parts = (frame[: frame.height // 2], frame[frame.height // 2 :]) if halves else (frame,)
    files = [Path(SCRATCH.name) / f"{next(NUMBERS)}.parquet" for _ in parts]
    for part, file in zip(parts, files, strict=True):
        part.write_parquet(file)
    return GateInput(files, features, size, seed=1, **known)
