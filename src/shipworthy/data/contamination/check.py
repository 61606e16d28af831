"""Finds evaluation texts in train, reports them as pairs of rows, and rejects them, warns or fails.

Runs of 13 words as in Brown et al., Language Models are Few-Shot Learners, 2020, appendix C; how much of a text must be
in such runs: see shared_ngrams.py.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from shipworthy.core.errors import ShipworthyError
from shipworthy.core.progress import say, track
from shipworthy.data.contamination.evaluation_set import SHARES, EvaluationSet, Matches, Texts
from shipworthy.data.contamination.schema import Contamination
from shipworthy.data.duplicates.documents import BATCH_ROWS, text_batch_bounds
from shipworthy.data.duplicates.parallel import ordered_map, usable_cpus
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
    """What train shares with the evaluation sets.

    Attributes:
        pairs: id (of the training row), set, other (the first row of the set that matches: its id, or file:line),
            match (exact, n-gram or near), shared (the words, of n-grams the longest run; or the similarity), share (of
            the words that are shared, or the similarity); by id, one for each set and match.
        summary: for the report: the rows of train, how many share something, and the same for each set.
    """

    pairs: pl.DataFrame
    summary: dict[str, Any]

    def details(self) -> pl.DataFrame:
        """One sentence for each training row that shares something: id, detail."""
        first = self.pairs.unique("id", keep="first", maintain_order=True)
        percent = pl.format(" {}% of its words or the other's, such as", (pl.col("share") * 100).round().cast(pl.Int64))
        much = pl.when(pl.col("match") == "n-gram").then(percent).otherwise(pl.lit(""))
        told = pl.format("{} match with {} of {}:{} {}", "match", "other", "set", much, "shared")
        return first.select("id", told.alias("detail"))

    def apply(self, config: Contamination, keep: Callable[[], Path]) -> pl.DataFrame:
        """Does what the config says.

        Args:
            keep: writes the pairs where they stay though the dataset is refused, and says where.

        Returns:
            The training rows to reject: id, detail; none unless the action is `drop`.

        Raises:
            ShipworthyError: the action is `fail`, and there are some.
        """
        details = self.details()
        if not details.height:
            return details
        found = f"{details.height} training rows hold texts of an evaluation set"
        first = f"'{details['id'][0]}': {details['detail'][0]}"
        if config.action == "fail":
            raise ShipworthyError(
                f"{found}, the first is {first}; all pairs are in {keep()}: take them out, or set "
                "data.contamination.action=drop."
            )
        if config.action == "warn":
            say(f"warning: {found}, the first is {first}; all pairs are in the dataset's contamination.parquet")
            return details.clear()
        return details


def check(
    train: pl.LazyFrame,
    others: Mapping[str, pl.LazyFrame],
    column: str,
    config: Contamination,
    *,
    workers: int | None = None,
) -> Findings:
    """Compares every training text with every text of the evaluation sets.

    The sets are held in memory (about 36 bytes for each of their words and 4 for each band of a text), train is not.
    Which pairs are found does not depend on the order of train or on the number of workers.

    Args:
        train: rows with `id`.
        others: evaluation sets by name, rows with `id`.
        column: the texts that are compared (str), in all of them.
        config: what counts as a match.
        workers: threads; null: as many as there are processors.
    """
    evaluation_sets = [EvaluationSet(name, rows, column, config) for name, rows in others.items()]

    def compare(batch: pl.DataFrame) -> tuple[list[pl.DataFrame], NDArray[np.int64]]:
        texts = Texts(batch[column])
        every = [(evaluation_set, evaluation_set.find(texts)) for evaluation_set in evaluation_sets]
        named = [_named(hits, batch, column, one) for one, result in every for hits in result.matches]
        return named, np.array([result.shares for _, result in every]).reshape(-1, SHARES)

    total = train.select(pl.len()).collect(engine="streaming").item()
    batches = _text_batches(train.select(pl.col("id").cast(pl.String), column))
    found = [pl.DataFrame(schema=PAIRS)]
    compared = ordered_map(compare, batches, workers or usable_cpus())
    shares = np.zeros((len(evaluation_sets), SHARES), np.int64)
    for frames, bars in track(compared, "train against evaluation sets, by batch", total=-(-total // BATCH_ROWS)):
        found += (frame for frame in frames if frame.height)
        shares += bars
    pairs = pl.concat(found).sort("id", maintain_order=True)
    return Findings(pairs, _summary(pairs, total, evaluation_sets, shares))


def _text_batches(rows: pl.LazyFrame) -> Iterator[pl.DataFrame]:
    for frame in rows.collect_batches(chunk_size=BATCH_ROWS, maintain_order=True, lazy=True):
        for low, high in text_batch_bounds(frame.to_series(1)):
            yield frame[low:high]


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


def _summary(
    pairs: pl.DataFrame, total: int, evaluation_sets: list[EvaluationSet], shares: NDArray[np.int64]
) -> dict[str, Any]:
    counts = {}
    for evaluation_set, bars in zip(evaluation_sets, shares.tolist(), strict=True):
        own = pairs.filter(pl.col("set") == evaluation_set.name)
        matches = own.group_by("match").agg(pl.col("id").n_unique()).sort("match")
        counts[evaluation_set.name] = {
            "rows": len(evaluation_set.ids),
            "rows found in train": evaluation_set.matched(),
            "training rows": own["id"].n_unique(),
            "by match": dict(matches.iter_rows()),
            "by share of shared words": bars,
        }
    return {"training rows": total, "training rows that share something": pairs["id"].n_unique(), "sets": counts}
