"""Texts as hashes, batch by batch."""

from collections.abc import Iterator

import numpy as np
import polars as pl

from shipworthy.data.duplicates.documents import text_batch_bounds
from shipworthy.data.duplicates.exact import BATCH_ROWS
from shipworthy.data.duplicates.shingles import Hashes, text_hashes, word_hashes


class Texts:
    """Texts as hashes.

    Args:
        texts: n texts (str).

    Attributes:
        words: the hash of each word of each text.
        whole: shape (n,), the hash of all words of each text; where there are none, of its characters; 0 if empty.
    """

    def __init__(self, texts: pl.Series) -> None:
        self.words = word_hashes(texts)
        self.whole: Hashes = text_hashes(self.words)
        alone = np.flatnonzero(self.whole == 0)
        signs = texts.gather(alone).fill_null("").str.strip_chars()
        hashes = signs.hash(1).to_numpy() | np.uint64(1)
        self.whole[alone] = np.where((signs != "").to_numpy(), hashes, np.uint64(0))


def text_batches(rows: pl.LazyFrame, column: str) -> Iterator[pl.DataFrame]:
    """The rows in order, as id (str) and text, in batches of at most `BATCH_ROWS` rows and about as many bytes each."""
    wanted = rows.select(pl.col("id").cast(pl.String), column)
    for frame in wanted.collect_batches(chunk_size=BATCH_ROWS, maintain_order=True, lazy=True):
        for low, high in text_batch_bounds(frame[column]):
            yield frame[low:high]
