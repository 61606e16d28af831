"""Sound tables: one made up in the likeness of Adult, and Adult itself."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

from shipworthy.data.hash_sampling import hash_uniform

ADULT = Path("data/adult.parquet")


@dataclass(frozen=True)
class Sound:
    """A table without a fault, and another part of the same source."""

    rows: pl.DataFrame
    reference: pl.DataFrame


def made_up(n: int = 3000) -> Sound:
    """Adult's columns, as far as the faults need them."""
    draws = np.random.default_rng(3)
    jobs = ["Craft-repair", "Exec-managerial", "Other-service", "Prof-specialty", "Sales"]
    job, age = draws.choice(jobs, 2 * n), draws.integers(17, 80, 2 * n)
    hours = draws.normal(40, 10, 2 * n).round().clip(1, 99).astype(int)
    good = np.isin(job, ["Exec-managerial", "Prof-specialty"])
    pay = (age - 45) / 12 + (hours - 40) / 6 + 2.5 * good + draws.normal(0, 0.5, 2 * n)
    table = pl.DataFrame(
        {
            "age": age,
            "occupation": job,
            "fnlwgt": draws.integers(10_000, 400_000, 2 * n),
            "gender": draws.choice(["Female", "Male"], 2 * n),
            "hours-per-week": hours,
            "answer": np.where(pay > 1.5, ">50K", "<=50K"),
        }
    )
    gap = pl.Series(draws.random(2 * n) < 0.05)
    return _sound(table.with_columns(occupation=pl.when(gap).then(None).otherwise("occupation")))


def adult() -> Sound:
    """The whole of Adult, without its exact duplicates."""
    raw = pl.read_parquet(ADULT).unique(maintain_order=True).rename({"income": "answer"})
    strings = [name for name, kind in raw.schema.items() if kind == pl.String]
    return _sound(raw.with_columns(pl.when(pl.col(n) != "?").then(pl.col(n)).alias(n) for n in strings))


def _sound(table: pl.DataFrame) -> Sound:
    """With id, split and cluster: rows with equal features. Half of the rows, by their id, are the reference."""
    features = [name for name in table.columns if name != "answer"]
    rows = table.select(pl.format("row-{}", pl.int_range(pl.len()).cast(pl.String).str.zfill(8)).alias("id"), pl.all())
    rows = rows.with_columns(cluster=pl.col("id").min().over(features))
    rows = rows.with_columns(_draw=pl.Series(hash_uniform(rows["cluster"], "split")))
    split = pl.when(pl.col("_draw") < 0.2).then(pl.lit("test")).when(pl.col("_draw") < 0.3).then(pl.lit("validation"))
    rows = rows.with_columns(split=split.otherwise(pl.lit("train"))).drop("_draw")
    half = pl.Series(hash_uniform(rows["cluster"], "reference")) < 0.5
    return Sound(rows.filter(~half), rows.filter(half))
