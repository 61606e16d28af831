"""Texts as the network reads them: token ids, by the tokenizer that came with the weights."""

from collections.abc import Sequence
from pathlib import Path

import polars as pl
from transformers import AutoTokenizer

from shipworthy.models import rows as read
from shipworthy.models.sequence_classifier.schema import SequenceClassifier


class Texts:
    """Tokenizes rows.

    Args:
        config: what is read of a row, and how much of it.
        folder: a Hugging Face folder with tokenizer files.
    """

    def __init__(self, config: SequenceClassifier, folder: Path) -> None:
        self.template, self.max_length = config.template, config.max_length
        self.tokenizer = AutoTokenizer.from_pretrained(str(folder), trust_remote_code=False)

    def ids(self, rows: pl.DataFrame) -> list[list[int]]:
        """The tokens of each row's text, with those that the tokenizer adds; the end of a longer text is left out."""
        found: list[list[int]] = self.tokenizer(
            read.texts(rows, self.template, "model.template"), truncation=True, max_length=self.max_length
        )["input_ids"]
        return [ids or [self.filler] for ids in found]

    def cut(self, rows: pl.DataFrame) -> int:
        """How many of the rows are longer than what is read of them."""
        found = self.tokenizer(read.texts(rows, self.template, "model.template"), truncation=False)["input_ids"]
        return sum(len(ids) > self.max_length for ids in found)

    def text(self, ids: Sequence[int]) -> str:
        """Tokens as text."""
        decoded: str = self.tokenizer.decode(list(ids))
        return decoded

    @property
    def filler(self) -> int:
        """What stands for an empty text, of which a decoder's tokenizer makes nothing."""
        known = (self.tokenizer.bos_token_id, self.tokenizer.eos_token_id, self.tokenizer.pad_token_id, 0)
        return int(next(one for one in known if one is not None))
