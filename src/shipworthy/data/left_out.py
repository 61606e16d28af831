"""What is left out of a dataset: its reasons in words, and the files that stay where a dataset is refused."""

import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import polars as pl

from shipworthy.core.errors import ShipworthyError
from shipworthy.data.parts import write_table
from shipworthy.data.row_store import RowStore
from shipworthy.models.documents import CHUNK_OF

REJECTED = "rejected.parquet"
ASKED = ("train is capped", "mixing")
"""Reasons that are settings' own: so many rows were to stay."""
LARGE = 0.2
"""Share of rows from which on it is said that they are left out (0 to 1)."""
NAMED = 3
"""Reasons that a message names, those of most rows."""
SHOWN = 160
"""Of what is wrong with a row, in a message (characters)."""


class NoRowsError(ShipworthyError):
    """So many rows were rejected that a split is empty."""


class RefusedFolder:
    """The files of a dataset that was refused, beside its place, for its own folder goes with the error.

    Args:
        dataset: the folder of the dataset, under its temporary name.
    """

    def __init__(self, dataset: Path) -> None:
        self.path = dataset.parent / "dataset.refused"

    def clear(self) -> None:
        """Removes what an earlier refusal left."""
        shutil.rmtree(self.path, ignore_errors=True)

    def keep(self, name: str, write: Callable[[Path], object]) -> Path:
        """Where `write` has put a file."""
        self.path.mkdir(exist_ok=True)
        write(self.path / name)
        return self.path / name

    @contextmanager
    def keeps_rejected(self, store: RowStore) -> Iterator[None]:
        """Keeps every rejected row where too many were, and says where.

        Raises:
            NoRowsError: the same, with the path.
        """
        try:
            yield
        except NoRowsError as error:
            path = self.keep(REJECTED, lambda path: write_table(store.rejected(), path))
            raise NoRowsError(f"{error} Every rejected row, with its reason: {path}") from error


def counts(store: RowStore) -> Counter[str]:
    """Reason → how many rows were rejected for it, in the order of the steps."""
    found: Counter[str] = Counter()
    for step in store.steps:
        found[step.name] += step.rejected
    return +found


def causes(store: RowStore) -> str:
    """The most frequent reasons, with their numbers of rows and the first row: `20 empty ('7': text is empty)`."""
    most = counts(store).most_common()
    if not most:
        return "none was rejected"
    first: dict[str, tuple[str, str]] = {}
    for frame in store.rejected():
        for reason, *told in frame.unique("reason", keep="first").select("reason", "id", "detail").iter_rows():
            first.setdefault(reason, (told[0], told[1]))
    named = [f"{n} {reason} ('{first[reason][0]}': {_short(first[reason][1])})" for reason, n in most[:NAMED]]
    rest = sum(n for _, n in most[NAMED:])
    return ", ".join([*named, *([f"{rest} for other reasons"] if rest else [])])


def summary(store: RowStore) -> dict[str, Any]:
    """For the report: the rejected rows (of chunks: documents), their share of all, and the same for each reason."""
    rows = store.total + store.added - _beyond_documents(store)
    found = counts(store)
    return {
        "rows": found.total(),
        "of": rows,
        "share": round(found.total() / rows, 6) if rows else 0.0,
        "reasons": {name: {"rows": n, "share": round(n / rows, 6)} for name, n in found.items()},
    }


def _beyond_documents(store: RowStore) -> int:
    """How many more rows there are than documents, where texts are divided into chunks."""
    if CHUNK_OF not in store.columns:
        return 0
    return int(store.rows.select(pl.len() - pl.col(CHUNK_OF).n_unique()).collect(engine="streaming").item())


def warnings(store: RowStore) -> list[str]:
    """A sentence where many rows are left out that nobody asked to leave out."""
    about = summary(store)
    unasked = {name: one for name, one in about["reasons"].items() if name not in ASKED}
    gone = sum(one["rows"] for one in unasked.values())
    if gone <= LARGE * about["of"]:
        return []
    told = [f"{one['rows']:,} {name} ({one['share']:.0%})" for name, one in unasked.items()]
    return [
        f"{gone / about['of']:.0%} of the rows ({gone:,} of {about['of']:,}) are left out: {', '.join(told)}; "
        "the dataset's data.html shows some of each, its rejected.parquet all."
    ]


def require_rows(store: RowStore) -> None:
    """Refuses rows of which none is left.

    Raises:
        NoRowsError: says for which reasons.
    """
    if not store.height:
        raise NoRowsError(f"No row is left of {store.total}: {causes(store)}: correct the rows or the settings.")


def require_splits(store: RowStore, splits: tuple[str, ...]) -> None:
    """Refuses rows of which none is left in one of the splits.

    Raises:
        NoRowsError: says for which reasons.
    """
    left = store.rows.select(pl.col("split").unique()).collect(engine="streaming")["split"].to_list()
    for name in splits:
        if name not in left:
            raise NoRowsError(
                f"No row of {name} is left of {store.total} in all: {causes(store)}: correct the rows, or loosen what "
                "rejects them."
            )


def _short(text: str | None) -> str:
    text = text or ""
    return text if len(text) <= SHOWN else text[:SHOWN] + "…"
