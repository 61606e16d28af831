"""Finds evaluation texts in train, reports them as pairs of rows, and rejects them, warns or fails.

Runs of 13 words as in Brown et al., Language Models are Few-Shot Learners, 2020, appendix C; how much of a text must be
in such runs: see shared_ngrams.py.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from shipworthy.core.errors import ShipworthyError
from shipworthy.core.parallel import ordered_map, usable_cpus
from shipworthy.core.progress import say, track
from shipworthy.data.contamination.evaluation_set import SHARES, EvaluationSet, Found, Matches
from shipworthy.data.contamination.schema import Contamination
from shipworthy.data.contamination.texts import Texts, text_batches
from shipworthy.data.parts import Part, sort_by_id, spill, write_table
from shipworthy.models import parquet
from shipworthy.models.normalize import words

PAIRS = {
    "id": pl.String,
    "set": pl.String,
    "other": pl.String,
    "match": pl.String,
    "shared": pl.String,
    "share": pl.Float64,
}
SHOWN = 50
"""Of a shared run, in the report (words)."""


@dataclass(frozen=True)
class Findings:
    """What train shares with the evaluation sets; the pairs are on disk.

    Attributes:
        parts: id (of the training row), set, other (the first row of the set that matches: its id, or file:line), match
            (exact, n-gram or near), shared (the words, of n-grams the longest run; or the similarity), share (of the
            words that are shared, or the similarity); by id, one for each set and match.
        details: one sentence for each training row that shares something: id, detail; by id.
        summary: for the report: the rows of train, how many share something, and the same for each set.
    """

    parts: list[Part]
    details: list[Part]
    summary: dict[str, Any]

    @property
    def pairs(self) -> pl.LazyFrame:
        """All pairs."""
        return parquet.scan([part.path for part in self.parts])

    def write(self, path: Path) -> None:
        """Writes the pairs as a file, or, of many, as a folder of files."""
        write_table((parquet.read(part.path) for part in self.parts), path)

    def apply(self, config: Contamination, keep: Callable[[], Path]) -> list[Part]:
        """Does what the config says.

        Args:
            keep: writes the pairs where they stay though the dataset is refused, and says where.

        Returns:
            The training rows to reject: id, detail; none unless the action is `drop`.

        Raises:
            ShipworthyError: the action is `fail`, and there are some.
        """
        rows = sum(part.rows for part in self.details)
        if not rows:
            return []
        found = f"{rows} training rows hold texts of an evaluation set"
        first = "'{}': {}".format(*parquet.read(self.details[0].path).row(0))
        if config.action == "fail":
            raise ShipworthyError(
                f"{found}, the first is {first}; all pairs are in {keep()}: take them out, or set "
                "data.contamination.action=drop."
            )
        if config.action == "warn":
            say(f"warning: {found}, the first is {first}; all pairs are in the dataset's contamination.parquet")
            return []
        return self.details


def check(
    train: pl.LazyFrame,
    others: Mapping[str, pl.LazyFrame],
    column: str,
    config: Contamination,
    *,
    folder: Path,
    workers: int | None = None,
) -> Findings:
    """Compares every training text with every text of the evaluation sets.

    In memory is the index of the sets (see `EvaluationSet`); train and the pairs are not. Which pairs are found does
    not depend on the order of train or on the number of workers.

    Args:
        train: rows with a unique `id`.
        others: evaluation sets by name, rows with `id`.
        column: the texts that are compared (str), in all of them.
        config: what counts as a match.
        folder: a new folder for what is on disk.
        workers: threads; null: as many as there are processors.
    """
    folder.mkdir()
    sets = [
        EvaluationSet(name, rows, column, config, folder / f"set_{i}") for i, (name, rows) in enumerate(others.items())
    ]
    found = {one.name: SetSummary() for one in sets}
    hit_rows = 0

    def compare(batch: pl.DataFrame) -> tuple[pl.DataFrame, list[Found]]:
        texts = Texts(batch[column])
        every = [(one, one.find(texts)) for one in sets]
        named = [_named(hits, batch, column, one) for one, result in every for hits in result.matches]
        pairs = pl.concat([pl.DataFrame(schema=PAIRS), *named]).sort("id", maintain_order=True)
        return pairs, [result for _, result in every]

    def frames() -> Iterator[pl.DataFrame]:
        nonlocal hit_rows
        yield pl.DataFrame(schema=PAIRS)
        compared = ordered_map(compare, text_batches(train, column), workers or usable_cpus())
        for pairs, results in track(compared, "train against evaluation sets, by batch", None):
            hit_rows += pairs["id"].n_unique()
            for one, result in zip(sets, results, strict=True):
                found[one.name].add(pairs.filter(set=one.name), result)
            yield pairs

    parts = sort_by_id(spill(frames(), folder / "found"), folder / "pairs")
    told = (_details(parquet.read(part.path)) for part in parts)
    details = spill(_first_of_each(told), folder / "details")
    total = train.select(pl.len()).collect(engine="streaming").item()
    summary = {
        "training rows": total,
        "training rows that share something": hit_rows,
        "sets": {one.name: found[one.name].to_json(one) for one in sets},
    }
    return Findings(parts, details, summary)


@dataclass
class SetSummary:
    """What of one set was found in train so far.

    Attributes:
        training_rows: training rows that share something with it.
        by_match: the same for each way to match.
        shares: see `Found`.
    """

    training_rows: int = 0
    by_match: Counter[str] = field(default_factory=Counter)
    shares: NDArray[np.int64] = field(default_factory=lambda: np.zeros(SHARES, np.int64))

    def add(self, pairs: pl.DataFrame, result: Found) -> None:
        """Counts the pairs of a batch of training rows."""
        self.training_rows += pairs["id"].n_unique()
        self.by_match.update(dict(pairs.group_by("match").agg(pl.col("id").n_unique()).iter_rows()))
        self.shares += result.shares

    def to_json(self, evaluation_set: EvaluationSet) -> dict[str, Any]:
        """For the report."""
        return {
            "rows": len(evaluation_set.ids),
            "rows found in train": evaluation_set.matched(),
            "training rows": self.training_rows,
            "by match": dict(sorted(self.by_match.items())),
            "by share of shared words": self.shares.tolist(),
        }


def _details(pairs: pl.DataFrame) -> pl.DataFrame:
    """One sentence for each training row: id, detail."""
    first = pairs.unique("id", keep="first", maintain_order=True)
    percent = pl.format(" {}% of its words or the other's, such as", (pl.col("share") * 100).round().cast(pl.Int64))
    much = pl.when(pl.col("match") == "n-gram").then(percent).otherwise(pl.lit(""))
    told = pl.format("{} match with {} of {}:{} {}", "match", "other", "set", much, "shared")
    return first.select("id", told.alias("detail"))


def _first_of_each(frames: Iterator[pl.DataFrame]) -> Iterator[pl.DataFrame]:
    """Frames that are sorted by id, without a first row that has the id of the row before."""
    last: str | None = None
    for frame in frames:
        yield frame[1:] if frame.height and frame["id"][0] == last else frame
        last = frame["id"][-1] if frame.height else last


def _named(hits: Matches, batch: pl.DataFrame, column: str, evaluation_set: EvaluationSet) -> pl.DataFrame:
    """The hits of a batch as rows of `pairs`."""
    texts = batch[column].gather(hits.rows).to_list()
    match hits.match:
        case "n-gram":
            assert hits.start is not None and hits.size is not None
            places = zip(texts, hits.start.tolist(), hits.size.tolist(), strict=True)
            shared = [_shown(words(text)[start : start + size]) for text, start, size in places]
        case "near":
            shared = [f"Jaccard similarity {value:.2f}" for value in hits.share.tolist()]
        case _:
            shared = [_shown(words(text)) or text for text in texts]
    columns = {"id": batch["id"].gather(hits.rows), "other": evaluation_set.ids.gather(hits.others), "shared": shared}
    columns["share"] = hits.share
    frame = pl.DataFrame(columns, schema_overrides={"shared": pl.String, "share": pl.Float64})
    named = frame.with_columns(pl.lit(evaluation_set.name).alias("set"), pl.lit(hits.match).alias("match"))
    return named.select(*PAIRS)


def _shown(found: list[str]) -> str:
    return " ".join(found[:SHOWN]) + ("…" if len(found) > SHOWN else "")
