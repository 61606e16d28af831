"""The sieve for questions in words: gates, then exact duplicates, then near-duplicates."""

from dataclasses import asdict

import polars as pl

from shipworthy.data.duplicates.clusters import clusters
from shipworthy.data.duplicates.schema import Duplicates, MinHash
from shipworthy.data.schema import Text
from shipworthy.data.sieve import Sieve
from shipworthy.data.text import clean, words

WORDS = "_words"


def sift(config: Text, sieve: Sieve) -> None:
    """Cleans the rows, rejects those that cannot teach, and gives each that is left its `cluster`.

    Args:
        config: what is rejected.
        sieve: holds rows with id, answer, and the columns of `config.text` and `config.context`.
    """
    _clean(config, sieve)
    _gates(config, sieve)
    _contradictions(config, sieve)
    _exact(sieve)
    _near(config, sieve)
    sieve.rows = sieve.rows.drop(WORDS)


def _clean(config: Text, sieve: Sieve) -> None:
    asked = (config.text, *config.context)
    cleaned = {name: [None if v is None else clean(v) for v in sieve.rows[name]] for name in asked}
    columns = [pl.Series(name, values, dtype=pl.String) for name, values in cleaned.items()]
    texts = [words(value or "") for value in cleaned[config.text]]
    sieve.rows = sieve.rows.with_columns(
        *columns,
        pl.Series(WORDS, texts, dtype=pl.List(pl.String)),
        pl.col("answer").str.strip_chars(),
    ).sort("id")


def _gates(config: Text, sieve: Sieve) -> None:
    needed = (config.text, *config.context, "answer")
    empty = (pl.when(pl.col(name).is_null() | (pl.col(name) == "")).then(pl.lit(f"{name} is empty")) for name in needed)
    sieve.reject("empty", pl.coalesce(*empty))
    length = pl.col(WORDS).list.len()
    outside = (length < config.min_words) | (length > config.max_words)
    limits = f"{config.min_words} to {config.max_words}"
    sieve.reject("length", pl.when(outside).then(pl.format("{} words, not {}", length, pl.lit(limits))))
    if config.refuse_literal:
        literal = pl.col(config.text).str.to_lowercase().str.contains(pl.col("answer").str.to_lowercase(), literal=True)
        sieve.reject(
            "literal", pl.when(literal).then(pl.format("{} holds the answer '{}'", pl.lit(config.text), "answer"))
        )


def _contradictions(config: Text, sieve: Sieve) -> None:
    """One question with two answers: nobody can tell which is right, so all of its rows go."""
    question = [WORDS, *config.context]
    answers = pl.col("answer").unique().sort().over(question, mapping_strategy="join")
    contradicts = answers.list.len() > 1
    sieve.reject(
        "contradiction", pl.when(contradicts).then(pl.format("same question, answers {}", answers.list.join(", ")))
    )


def _exact(sieve: Sieve) -> None:
    """The same words and the same answer, whatever the context: the row with the lowest id stays."""
    first = pl.col("id").min().over(WORDS, "answer")
    sieve.reject("exact duplicate", pl.when(pl.col("id") != first).then(pl.format("of {}", first)))


def _near(config: Text, sieve: Sieve) -> None:
    """Near-duplicates form clusters; of those with the same answer in a cluster, the lowest id stays."""
    method = Duplicates(minhash=MinHash(**asdict(config.near)))
    lowest = clusters(sieve.rows.lazy(), config.text, method)
    sieve.rows = sieve.rows.with_columns(sieve.rows["id"].gather(lowest).alias("cluster"))
    first = pl.col("id").min().over("cluster", "answer")
    sieve.reject("near-duplicate", pl.when(pl.col("id") != first).then(pl.format("of {}, with the same answer", first)))
