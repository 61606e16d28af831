"""Documents whose text is in a dataset in chunks, a row each: what is scored are documents, not chunks.

Where a dataset has chunks (`task.too_long=chunk`), its column `chunk_of` has the id of each row's document, and the id
of a chunk is that of its document, `#`, and its number from 1; a document that fits has one row with its own id. In a
dataset without that column each row is a document.
"""

from collections.abc import Sequence

import polars as pl

from shipworthy.models.protocol import Prediction, Predictor
from shipworthy.models.vote import winner

CHUNK_OF = "chunk_of"
NUMBER = r"#(\d+)$"


def chunk_id(document: str, number: int) -> str:
    """The id of a chunk (from 1)."""
    return f"{document}#{number}"


def names(rows: pl.DataFrame) -> pl.Series:
    """The id of each row's document."""
    return rows[CHUNK_OF if CHUNK_OF in rows.columns else "id"]


def chunks(rows: pl.DataFrame) -> list[list[int]]:
    """The rows of each document: their numbers, from 0, in the order of its chunks; documents as they first come."""
    if CHUNK_OF not in rows.columns:
        return [[row] for row in range(rows.height)]
    whole = pl.col("id") == pl.col(CHUNK_OF)
    number = pl.when(whole).then(0).otherwise(pl.col("id").str.extract(NUMBER).cast(pl.Int64)).alias("number")
    numbered = rows.select(CHUNK_OF, number, row=pl.int_range(pl.len()))
    found = numbered.group_by(CHUNK_OF, maintain_order=True).agg(pl.col("row").sort_by("number"))
    return found["row"].to_list()


def documents(rows: pl.DataFrame) -> pl.DataFrame:
    """One row for each document: its id, and the other columns of its first chunk."""
    if CHUNK_OF not in rows.columns:
        return rows
    return rows[[own[0] for own in chunks(rows)]].with_columns(id=CHUNK_OF).drop(CHUNK_OF)


def voted(rows: pl.DataFrame, predictions: Sequence[Prediction]) -> Sequence[Prediction]:
    """One prediction for each document, in the order of `documents`: that of the most chunks (see `vote.winner`).

    A vote has no probabilities: their mean over the chunks may favour another class than most chunks name.

    Args:
        predictions: one for each row.

    Raises:
        ValueError: not as many predictions as rows.
    """
    if len(predictions) != rows.height:
        raise ValueError(f"{len(predictions)} predictions beside {rows.height} rows")
    if CHUNK_OF not in rows.columns:
        return predictions
    return [_vote([predictions[row] for row in own]) for own in chunks(rows)]


def _vote(given: Sequence[Prediction]) -> Prediction:
    return given[0] if len(given) == 1 else Prediction(given[winner([one.text for one in given])].text)


def predict(model: Predictor, rows: pl.DataFrame) -> Sequence[Prediction]:
    """What a model says of each document of the rows, in the order of `documents`."""
    return voted(rows, model.predict(rows))


def summed(rows: pl.DataFrame, seconds: Sequence[float]) -> list[float]:
    """For each document the sum over its chunks, which are asked one after the other."""
    return [sum(seconds[row] for row in own) for own in chunks(rows)]


def first(rows: pl.DataFrame, n: int) -> pl.DataFrame:
    """The rows of the first n documents."""
    if CHUNK_OF not in rows.columns:
        return rows[:n]
    return chosen(rows, documents(rows)["id"][:n])


def chosen(rows: pl.DataFrame, ids: pl.Series) -> pl.DataFrame:
    """The rows of documents with these ids, in their order."""
    key = CHUNK_OF if CHUNK_OF in rows.columns else "id"
    return ids.alias(key).to_frame().join(rows, on=key, how="left", maintain_order="left")


def repeated(rows: pl.DataFrame, n: int) -> pl.DataFrame:
    """The documents again and again until there are n, each time under ids of their own where there are chunks."""
    times = -(-n // len(chunks(rows)))
    if CHUNK_OF not in rows.columns:
        return pl.concat([rows] * times)[:n]
    numbered = [rows.with_columns(pl.format(f"{time} {{}}", pl.col("id", CHUNK_OF))) for time in range(times)]
    return first(pl.concat(numbered), n)
