"""Counts of tokens: how much of the vocabulary is used, unknown tokens, and tokens that are only bytes."""

import re
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray
from transformers import PreTrainedTokenizerBase
from transformers.convert_slow_tokenizer import bytes_to_unicode

from shipworthy.evaluation.intervals import wilson

BYTE = re.compile(r"<0x([0-9A-F]{2})>")
ASCII = 0x80


def byte_tokens(tokenizer: PreTrainedTokenizerBase) -> NDArray[np.bool_]:
    """For each token of the vocabulary, whether it is a byte or a part of a character instead of text.

    Bytes below 128 are characters of their own (a line feed in Llama 2) and do not count.
    """
    backend: Any = getattr(tokenizer, "backend_tokenizer", None)
    spelled = (
        {c: byte for byte, c in bytes_to_unicode().items()} if "ByteLevel" in str(backend and backend.decoder) else {}
    )
    found = np.zeros(len(tokenizer), dtype=bool)
    for token, number in tokenizer.get_vocab().items():
        if match := BYTE.fullmatch(token):
            found[number] = int(match[1], 16) >= ASCII
        elif spelled and all(character in spelled for character in token):
            found[number] = not _is_text(bytes(spelled[character] for character in token))
    return found


def _is_text(spelled: bytes) -> bool:
    try:
        spelled.decode()
    except UnicodeDecodeError:
        return False
    return True


@dataclass
class Vocabulary:
    """Counts tokens, batch by batch.

    Args:
        tokenizer: whose tokens they are.
    """

    tokenizer: PreTrainedTokenizerBase

    def __post_init__(self) -> None:
        self.counts = np.zeros(len(self.tokenizer), dtype=np.int64)
        self.rows = self.rows_unknown = self.rows_byte_tokens = 0
        self._byte_tokens = byte_tokens(self.tokenizer)
        self._unknown = self.tokenizer.unk_token_id

    def add(self, ids: pl.Series) -> None:
        """Counts the tokens of rows.

        Args:
            ids: a list of token ids per row.
        """
        flat = ids.explode(empty_as_null=False).to_numpy()
        row = np.repeat(np.arange(len(ids)), ids.list.len().to_numpy())
        self.counts += np.bincount(flat, minlength=len(self.counts))
        self.rows += len(ids)
        self.rows_byte_tokens += len(np.unique(row[self._byte_tokens[flat]]))
        if self._unknown is not None:
            self.rows_unknown += len(np.unique(row[flat == self._unknown]))

    def summary(self) -> dict[str, Any]:
        """Size and use of the vocabulary; unknown tokens and pieces, each as a share of tokens and of rows."""
        used, tokens = int((self.counts > 0).sum()), int(self.counts.sum())
        unknown = 0 if self._unknown is None else int(self.counts[self._unknown])
        return {
            "size": len(self.counts),
            "used": used,
            "share": round(used / len(self.counts), 6),
            "tokens": tokens,
            "unknown": self._share(unknown, tokens, self.rows_unknown),
            "byte_tokens": self._share(int(self.counts[self._byte_tokens].sum()), tokens, self.rows_byte_tokens),
        }

    def _share(self, found: int, tokens: int, rows: int) -> dict[str, Any]:
        return {
            "tokens": found,
            "share": round(found / tokens, 8) if tokens else 0.0,
            "rows": rows,
            "share of rows": wilson(rows, self.rows).to_json() if self.rows else None,
        }
