"""Finds evaluation texts in train, reports them as pairs of rows, and rejects them, warns or fails.

Runs of 13 words as in Brown et al., Language Models are Few-Shot Learners, 2020, appendix C.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from shipworthy.core.errors import ShipworthyError
from shipworthy.core.progress import say, track
from shipworthy.data.contamination.evaluation_set import EvaluationSet, Matches
from shipworthy.data.contamination.schema import Contamination
from shipworthy.data.duplicates.documents import BATCH_ROWS, text_batch_bounds
from shipworthy.data.duplicates.parallel import ordered_map, usable_cpus
from shipworthy.data.duplicates.shingles import word_hashes
from shipworthy.data.normalize import words

PAIRS = {"id": pl.String, "set": pl.String, "other": pl.String, "match": pl.String, "shared": pl.String}


@dataclass(frozen=True)
class Findings:
    """What train shares with the evaluation sets.

    Attributes:
        pairs: id (of the training row), set, other (the first row of the set that matches: its id, or file:line),
            match (exact, n-gram or near), shared (the words, or the similarity); by id, one for each set and match.
        summary: for the report: the rows of train, how many share something, and the same for each set.
    """

    pairs: pl.DataFrame
    summary: dict[str, Any]

    def details(self) -> pl.DataFrame:
        """One sentence for each training row that shares something: id, detail."""
        first = self.pairs.unique("id", keep="first", maintain_order=True)
        return first.select(
            "id", pl.format("{} match with {} of {}: {}", "match", "other", "set", "shared").alias("detail")
        )

    def apply(self, config: Contamination, report: Path) -> pl.DataFrame:
        """Writes the pairs to `report` (parquet) and does what the config says.

        Returns:
            The training rows to reject: id, detail; none unless the action is `drop`.

        Raises:
            ShipworthyError: the action is `fail`, and there are some.
        """
        self.pairs.write_parquet(report)
        details = self.details()
        if not details.height:
            return details
        found = f"{details.height} training rows hold texts of an evaluation set"
        first = f"'{details['id'][0]}': {details['detail'][0]}"
        if config.action == "fail":
            raise ShipworthyError(
                f"{found}, the first is {first}; all pairs are in {report}: take them out, or set "
                "data.contamination.action=drop."
            )
        if config.action == "warn":
            say(f"warning: {found}, the first is {first}; all pairs are in {report}")
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

    The sets are held in memory (about 8 bytes for each of their words and 4 for each band of a text), train is not.
    Which pairs are found does not depend on the order of train or on the number of workers.

    Args:
        train: rows with `id`.
        others: evaluation sets by name, rows with `id`.
        column: the texts that are compared (str), in all of them.
        config: what counts as a match.
        workers: threads; null: as many as there are processors.
    """
    evaluation_sets = [EvaluationSet(name, rows, column, config) for name, rows in others.items()]

    def compare(batch: pl.DataFrame) -> list[pl.DataFrame]:
        hashed = word_hashes(batch[column])
        return [
            _named(hits, batch, column, evaluation_set)
            for evaluation_set in evaluation_sets
            for hits in evaluation_set.find(hashed)
        ]

    total = train.select(pl.len()).collect(engine="streaming").item()
    batches = _text_batches(train.select(pl.col("id").cast(pl.String), column))
    found = [pl.DataFrame(schema=PAIRS)]
    compared = ordered_map(compare, batches, workers or usable_cpus())
    for frames in track(compared, "train against evaluation sets, by batch", total=-(-total // BATCH_ROWS)):
        found += (frame for frame in frames if frame.height)
    pairs = pl.concat(found).sort("id", maintain_order=True)
    return Findings(pairs, _summary(pairs, total, evaluation_sets))


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
            shared = [" ".join(words(text)[start : start + size]) for text, start, size in places]
        case "near":
            assert hits.similarity is not None
            shared = [f"Jaccard similarity {value:.2f}" for value in hits.similarity.tolist()]
        case _:
            shared = [" ".join(words(text)) for text in texts]
    columns = {"id": batch["id"].gather(hits.rows), "other": evaluation_set.ids.gather(hits.others), "shared": shared}
    frame = pl.DataFrame(columns, schema_overrides={"shared": pl.String})
    named = frame.with_columns(pl.lit(evaluation_set.name).alias("set"), pl.lit(hits.match).alias("match"))
    return named.select(*PAIRS)


def _summary(pairs: pl.DataFrame, total: int, evaluation_sets: list[EvaluationSet]) -> dict[str, Any]:
    counts = {}
    for evaluation_set in evaluation_sets:
        own = pairs.filter(pl.col("set") == evaluation_set.name)
        matches = own.group_by("match").agg(pl.col("id").n_unique()).sort("match")
        counts[evaluation_set.name] = {
            "rows": len(evaluation_set.ids),
            "rows found in train": evaluation_set.matched(),
            "training rows": own["id"].n_unique(),
            "by match": dict(matches.iter_rows()),
        }
    return {"training rows": total, "training rows that share something": pairs["id"].n_unique(), "sets": counts}
