"""Tables that are made, each with one difficulty; the seed makes other rows."""

from datetime import date, timedelta
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray
from sklearn.datasets import make_classification

from scripts.bench.tablesets.table import BenchTable, divided

FLIGHTS = 60_000


def repeated(seed: int) -> BenchTable:
    """20,000 contracts of few different kinds: rows that agree in every column are many, and 6% end."""
    draws = np.random.default_rng(seed)
    rows = 20_000
    plan, seats, months = draws.integers(0, 3, rows), draws.integers(1, 21, rows), draws.integers(1, 37, rows)
    ends = -3.5 + 0.9 * (plan == 0) - 0.05 * months + 0.06 * seats
    frame = pl.DataFrame({"plan": np.array(["basic", "plus", "pro"])[plan], "seats": seats, "months": months})
    return divided(frame.with_columns(answer=_drawn(draws, ends)), seed)


def wide(seed: int) -> BenchTable:
    """6,000 rows of 400 numbers, of which 20 tell something and 20 repeat it."""
    values, classes = make_classification(
        6000, 400, n_informative=20, n_redundant=20, n_clusters_per_class=4, flip_y=0.05, random_state=seed
    )
    frame = pl.DataFrame(values, schema=[f"x{number}" for number in range(400)])
    return divided(frame.with_columns(answer=pl.Series(classes).cast(pl.String)), seed)


def rare(seed: int) -> BenchTable:
    """20,000 rows of five classes, the smallest one in 300."""
    values, classes = make_classification(
        20_000, 20, n_informative=10, n_classes=5, weights=[0.8, 0.14, 0.04, 0.015, 0.005], flip_y=0.003,
        class_sep=1.2, random_state=seed,
    )  # fmt: skip
    frame = pl.DataFrame(values, schema=[f"x{number}" for number in range(20)])
    return divided(frame.with_columns(answer=pl.Series(classes).cast(pl.String)), seed)


def in_time(seed: int) -> BenchTable:
    """30,000 sales of three years: season, weekday and a slow change; the last ones are the test."""
    draws = np.random.default_rng(seed)
    rows = 30_000
    day = np.sort(draws.integers(0, 1096, rows))
    price, shop = draws.gamma(3, 20, rows).round(2), draws.integers(0, 40, rows)
    returned = (
        -1.2 + 0.9 * np.sin(2 * np.pi * day / 365.25) + 0.8 * (day % 7 >= 5) + 0.012 * (price - 60)
        + draws.normal(0, 0.5, 40)[shop] + 0.0003 * day
    )  # fmt: skip
    days = [date(2021, 1, 4) + timedelta(days=int(one)) for one in day]
    frame = pl.DataFrame({"day": days, "price": price, "shop": [f"shop {one}" for one in shop]})
    return divided(frame.with_columns(answer=_drawn(draws, returned)), seed, by_time="day")


def soils(seed: int) -> BenchTable:
    """30,000 plots of land: ten numbers and two columns of names that decide which of seven kinds of trees grow."""
    draws = np.random.default_rng(seed)
    rows = 30_000
    numbers = draws.normal(0, 1, (rows, 10))
    soil, area = draws.integers(0, 40, rows), draws.integers(0, 4, rows)
    hidden = np.tanh(numbers @ draws.normal(0, 1, (10, 12))) @ draws.normal(0, 1.2, (12, 7))
    hidden += draws.normal(0, 1, (40, 7))[soil] + draws.normal(0, 0.7, (4, 7))[area] + draws.gumbel(0, 0.5, (rows, 7))
    frame = pl.DataFrame(numbers, schema=[f"n{number}" for number in range(10)]).with_columns(
        soil=pl.Series(soil).cast(pl.String), area=pl.Series(area).cast(pl.String)
    )
    return divided(frame.with_columns(answer=pl.Series(hidden.argmax(axis=1)).cast(pl.String)), seed)


def flights(seed: int, rows: int = FLIGHTS) -> BenchTable:
    """Flights, and whether they are late: by hour, season, carrier and airports; number and aircraft are many names."""
    draws = np.random.default_rng(seed)
    carrier, number = draws.integers(0, 16, rows), _zipf(draws, 4000, rows)
    origin, to = draws.integers(0, 3, rows), _zipf(draws, 105, rows)
    aircraft = (_zipf(draws, 250, rows) * 16 + carrier) % 4000
    hour, day = draws.integers(5, 24, rows), draws.integers(0, 365, rows)
    distance = draws.gamma(4, 250, 105)[to].round() + 100 * origin
    late = (
        -2.9 + 0.13 * (hour - 5) + 0.5 * np.sin(2 * np.pi * day / 182) + draws.normal(0, 0.4, 16)[carrier]
        + draws.normal(0, 0.35, 105)[to] + draws.normal(0, 0.25, 4000)[aircraft] + draws.normal(0, 0.15, 4000)[number]
        + draws.normal(0, 0.8, 365)[day]
    )  # fmt: skip
    frame = pl.DataFrame(
        {
            "month": 1 + day // 31,
            "day": 1 + day % 31,
            "hour": hour,
            "carrier": [f"C{one:02}" for one in carrier],
            "flight": [f"{one}" for one in number],
            "tailnum": [f"N{one:04}" for one in aircraft],
            "origin": np.array(["EWR", "JFK", "LGA"])[origin],
            "dest": [f"D{one:03}" for one in to],
            "distance": distance,
            "gap": np.where(draws.random(rows) < 0.1, np.nan, draws.normal(0, 1, rows)),
        }
    )
    return divided(frame.with_columns(pl.col("gap").fill_nan(None), answer=_drawn(draws, late)), seed)


def _zipf(draws: np.random.Generator, names: int, rows: int) -> NDArray[Any]:
    """Names of which some are frequent and most are not."""
    shares = 1 / (np.arange(names) + 10)
    return draws.choice(names, rows, p=shares / shares.sum())


def _drawn(draws: np.random.Generator, logits: NDArray[Any]) -> pl.Series:
    yes = draws.random(len(logits)) < 1 / (1 + np.exp(-logits))
    return pl.Series(np.where(yes, "yes", "no"))
