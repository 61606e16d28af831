"""Train, validation and test, divided by groups: what belongs together never stands in two of them."""

import math
from collections import defaultdict

import polars as pl

from shipworthy.core.errors import ShipworthyError
from shipworthy.data.draw import draw
from shipworthy.data.duplicates.components import components
from shipworthy.data.schema import Split

# A group that would fill more of a split than this goes to train, so that no single group decides a measurement.
LARGEST_GROUP = 0.1


def groups(rows: pl.DataFrame, apart: list[str]) -> pl.Series:
    """The group of each row: the lowest id among the rows that share, through others too, a cluster or a value.

    Args:
        rows: n rows with id and cluster, in any order.
        apart: further columns of which no value may stand in two splits.
    """
    ordered = rows.with_row_index("_place").sort("id")
    labels = components(rows.height, [ordered[name] for name in ("cluster", *apart)])
    named = ordered.select("_place", pl.Series("group", ordered["id"].gather(labels)))
    return named.sort("_place")["group"]


def assign(rows: pl.DataFrame, config: Split, seed: int) -> pl.Series:
    """`train`, `validation` or `test` for each row; the same for the same ids, in whatever order they come.

    Args:
        rows: n rows with id, cluster, answer, and the columns of `config.apart`.
        config: how much each split gets.
        seed: another seed gives another division.

    Raises:
        ShipworthyError: a split would be empty.
    """
    group = groups(rows, config.apart)
    by_group = rows.select("id", "answer").with_columns(group.alias("group")).sort("id")
    members = by_group.group_by("group", maintain_order=True).agg(pl.len().alias("rows"), pl.col("answer").first())
    members = members.with_columns(pl.Series("order", draw(members["group"], f"split {seed}"))).sort("order", "group")
    strata: dict[str, list[tuple[str, int]]] = defaultdict(list)
    for name, size, answer in members.select("group", "rows", "answer").iter_rows():
        strata[answer if config.stratify else ""].append((name, size))
    place: dict[str, str] = {}
    for stratum in strata.values():
        place |= _fill(stratum, config, rows.height)
    result = pl.Series("split", [place[name] for name in group], dtype=pl.String)
    for name in ("train", "validation", "test"):
        if not (result == name).any():
            raise ShipworthyError(
                f"The {name} split is empty: {rows.height} rows in {members.height} groups are left after cleaning; "
                "raise data.sample, bring more rows, or change data.split."
            )
    return result


def _fill(stratum: list[tuple[str, int]], config: Split, rows: int) -> dict[str, str]:
    """Group → split, for the groups of one stratum in their drawn order."""
    size = sum(count for _, count in stratum)
    room = {name: _quota(value, size, rows) for name, value in _shares(config)}
    smallest = min(count for _, count in stratum)
    limit = {name: max(smallest, math.floor(LARGEST_GROUP * quota)) for name, quota in room.items()}
    place = {}
    for name, count in stratum:
        fits = (split for split in room if count <= min(room[split], limit[split]))
        place[name] = split = next(fits, "train")
        if split in room:
            room[split] -= count
    return place


def _shares(config: Split) -> tuple[tuple[str, float], ...]:
    return ("test", config.test), ("validation", config.validation)


def _quota(value: float, size: int, rows: int) -> int:
    """Rows of a stratum of `size` rows that go to a split; at least one of all."""
    share = value if value < 1 else value / rows
    return max(1 if size == rows else 0, round(share * size))


def proof(rows: pl.DataFrame, apart: list[str]) -> dict[str, dict[str, int]]:
    """For each of cluster and `apart`: how many values there are, and how many stand in two splits.

    Raises:
        AssertionError: one does stand in two splits.
    """
    counts = {}
    for name in ("cluster", *apart):
        per_value = rows.group_by(name).agg(pl.col("split").n_unique())
        counts[name] = {"values": per_value.height, "in two splits": per_value.filter(pl.col("split") > 1).height}
        assert not counts[name]["in two splits"], f"{name} stands in two splits"
    return counts


def over_cap(rows: pl.DataFrame, config: Split, seed: int) -> pl.Series:
    """Why a row is left out of train, whose size is capped; null for the rows that stay; shape (n,)."""
    if config.train_rows is None:
        return pl.Series("over", [None] * rows.height, dtype=pl.String)
    drawn = rows.select("split", pl.Series("draw", draw(rows["id"], f"cap {seed}"))).with_columns(
        pl.col("draw").rank("ordinal").over("split").alias("rank")
    )
    over = (pl.col("split") == "train") & (pl.col("rank") > config.train_rows)
    why = pl.when(over).then(pl.lit(f"data.split.train_rows={config.train_rows}"))
    return drawn.select(why.alias("over"))["over"]
