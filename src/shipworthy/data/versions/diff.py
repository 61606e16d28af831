"""The differences of two versions of a dataset: rows, labels, splits, and the drift of each column.

Rows are matched by their ids. Where ids are row numbers, an inserted row shifts them: there, rows with equal content
are matched first, and the rest by number. The answers of the test split are not read.
"""

from dataclasses import dataclass, field
from typing import Any

import polars as pl

from shipworthy.core.artifact import Artifact
from shipworthy.data.versions.drift import psi
from shipworthy.models.dataset import SPLITS, info, scan

NUMBERED = r"^row-\d{8}$"
NOT_CONTENT = ("id", "cluster", "fold", "chunk_of", "answer", "prompt_ids", "answer_ids")
SEEDS = (1, 2)
SHOWN = 5

Move = tuple[str, str, int]
"""From, to, and how many rows."""


@dataclass(frozen=True)
class Difference:
    """The differences of version B from version A.

    Attributes:
        rows: of A and of B.
        matched: rows of A that B has too, changed or not.
        added, removed, changed: ids of B, of A, and of B: the first ones, and how many there are.
        columns: column → rows in which it changed, of those that are matched.
        new_columns, lost_columns: which only B or only A has.
        labels: moves of answers outside of the test split.
        splits: moves between splits.
        test_answers: whether the files of test answers are identical (None: the test split has other rows).
        drift: column → population stability index of B against A.
        source: name and hash of the raw data, where they differ.
    """

    rows: tuple[int, int]
    matched: int
    added: tuple[list[str], int]
    removed: tuple[list[str], int]
    changed: tuple[list[str], int]
    columns: dict[str, int] = field(default_factory=dict)
    new_columns: list[str] = field(default_factory=list)
    lost_columns: list[str] = field(default_factory=list)
    labels: list[Move] = field(default_factory=list)
    splits: list[Move] = field(default_factory=list)
    test_answers: bool | None = None
    drift: dict[str, float] = field(default_factory=dict)
    source: list[str] = field(default_factory=list)


def difference(a: Artifact, b: Artifact) -> Difference:
    """Compares two datasets; in memory are ids and hashes, and one column at a time."""
    ours, theirs = _content(a), _content(b)
    common = [name for name in ours if name in theirs]
    left, right = _index(a, common), _index(b, common)
    pairs = _match(left, right, by_content=bool(common))
    changed = pairs.filter((pl.col("row") != pl.col("row_b")) | _other_label())
    added, removed = (
        right.join(pairs, left_on="id", right_on="id_b", how="anti"),
        left.join(pairs, on="id", how="anti"),
    )
    return Difference(
        rows=(left.height, right.height),
        matched=pairs.height,
        added=_some(added["id"]),
        removed=_some(removed["id"]),
        changed=_some(changed["id_b"]),
        columns=_columns(a, b, common, pairs.filter(pl.col("row") != pl.col("row_b"))),
        new_columns=[name for name in theirs if name not in ours],
        lost_columns=[name for name in ours if name not in theirs],
        labels=_labels(a, b, pairs.filter(_other_label())),
        splits=_moves(pairs.filter(pl.col("split") != pl.col("split_b")).select("split", "split_b")),
        test_answers=_test_answers(a, b, left, right),
        drift={name: psi(_values(a, name), _values(b, name)) for name in common},
        source=_source(a, b),
    )


def _content(dataset: Artifact) -> list[str]:
    """The columns that are compared as content."""
    return [name for name in scan(dataset, "train").collect_schema().names() if name not in NOT_CONTENT]


def _index(dataset: Artifact, columns: list[str]) -> pl.DataFrame:
    """Of each row: id, split, hashes of its content (`row`) and of its answer (null in the test split)."""
    parts = []
    for name in SPLITS:
        content = pl.struct(columns) if columns else pl.lit("")
        answer = pl.col("answer").hash() if name != "test" else pl.lit(None, dtype=pl.UInt64)
        parts.append(
            scan(dataset, name)
            .select(
                pl.col("id").cast(pl.String),
                pl.lit(name).alias("split"),
                pl.concat_str([content.hash(seed).cast(pl.String) for seed in SEEDS], separator="-").alias("row"),
                answer.alias("answer"),
            )
            .collect(engine="streaming")
        )
    return pl.concat(parts)


def _match(left: pl.DataFrame, right: pl.DataFrame, *, by_content: bool) -> pl.DataFrame:
    """Pairs of rows: the columns of A, and with _b those of B; by content only if they have a column in common."""
    other = right.rename({name: f"{name}_b" for name in right.columns})
    if not (by_content and _numbered(left) and _numbered(right)):
        return left.join(other.with_columns(id=pl.col("id_b")), on="id")
    # The first of equal rows is matched with the first, the second with the second, and so on.
    nth, nth_b = (pl.int_range(pl.len()).over(name) for name in ("row", "row_b"))
    same = left.with_columns(nth=nth).join(
        other.with_columns(row=pl.col("row_b"), nth=nth_b), on=["row", "nth"], how="inner"
    )
    rest = left.join(same, on="id", how="anti")
    rest_b = other.join(same, on="id_b", how="anti").with_columns(id=pl.col("id_b"))
    return pl.concat(
        [same.select(*left.columns, *other.columns), rest.join(rest_b, on="id").select(*left.columns, *other.columns)]
    )


def _numbered(rows: pl.DataFrame) -> bool:
    return rows.height > 0 and bool(rows["id"].str.contains(NUMBERED).all())


def _other_label() -> pl.Expr:
    """Null answers, which are the test split's, are no difference."""
    return (pl.col("answer") != pl.col("answer_b")).fill_null(value=False)


def _columns(a: Artifact, b: Artifact, columns: list[str], pairs: pl.DataFrame) -> dict[str, int]:
    counts = {}
    for name in columns if pairs.height else ():
        both = pairs.select("id", "id_b").join(_values(a, name, with_id=True), on="id")
        both = both.join(_values(b, name, with_id=True).rename({"id": "id_b", name: "_b"}), on="id_b")
        if other := both.filter(pl.col(name).cast(pl.String).ne_missing(pl.col("_b").cast(pl.String))).height:
            counts[name] = other
    return counts


def _labels(a: Artifact, b: Artifact, pairs: pl.DataFrame) -> list[Move]:
    if not pairs.height:
        return []
    both = pairs.select("id", "id_b").join(_answers(a).rename({"answer": "from"}), on="id")
    both = both.join(_answers(b).rename({"id": "id_b", "answer": "to"}), on="id_b")
    return _moves(both.select("from", "to"))


def _answers(dataset: Artifact) -> pl.DataFrame:
    """Ids and answers outside of the test split."""
    parts = [scan(dataset, name).select(pl.col("id").cast(pl.String), "answer") for name in SPLITS if name != "test"]
    return pl.concat(parts).collect(engine="streaming")


def _values(dataset: Artifact, name: str, *, with_id: bool = False) -> pl.DataFrame:
    """One column of all splits."""
    wanted = [pl.col("id").cast(pl.String), pl.col(name)] if with_id else [pl.col(name)]
    return pl.concat([scan(dataset, split).select(wanted) for split in SPLITS]).collect(engine="streaming")


def _moves(pairs: pl.DataFrame) -> list[Move]:
    """How often each pair of values occurs, the most frequent first."""
    before, after = pairs.columns
    counts = pairs.group_by(before, after).len().sort("len", before, after, descending=[True, False, False])
    return [(str(one), str(other), int(n)) for one, other, n in counts.iter_rows()]


def _some(ids: pl.Series) -> tuple[list[str], int]:
    return ids.sort().head(SHOWN).to_list(), ids.len()


def _test_answers(a: Artifact, b: Artifact, left: pl.DataFrame, right: pl.DataFrame) -> bool | None:
    """Compares the hashes in the manifests, without reading the answers."""
    tested = [rows.filter(split="test")["id"] for rows in (left, right)]
    if not tested[0].equals(tested[1]):
        return None
    hashes: list[Any] = [
        {name: record["sha256"] for name, record in one.manifest.files.items() if name.startswith("test_answers")}
        for one in (a, b)
    ]
    return bool(hashes[0] == hashes[1])


def _source(a: Artifact, b: Artifact) -> list[str]:
    known = [info(one).statistics.get("source", {}) for one in (a, b)]
    return [
        f"{key}: {known[0].get(key)} → {known[1].get(key)}" for key in known[0] if known[0][key] != known[1].get(key)
    ]
