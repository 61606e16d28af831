"""Cuts a text so that its question has room for an answer. It needs Python alone: packages carry this file."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from shipworthy.models.normalize import truncate
from shipworthy.models.prompt import as_text

LEAST = 20
"""A text that would have to be shorter is not cut (characters)."""
Row = Mapping[str, Any]


@dataclass(frozen=True)
class Cutter:
    """Cuts the text of one column, between words, until the whole question is short enough.

    Attributes:
        column: whose text is cut.
        keep: the text's start, its end, or both, with an ellipsis between them.
        most: the longest question (tokens, those of the chat template and the system message included).
    """

    column: str
    keep: str
    most: int

    def cut(self, row: Row, tokens: Callable[[Row], int]) -> Row:
        """The row with as much of the text as fits; itself where all of it fits, or where too little would be left.

        Args:
            tokens: how long the question is that a row makes (tokens).
        """
        if tokens(row) <= self.most:
            return row
        text = as_text(row[self.column])
        found, low, high = row, LEAST - 1, len(text)
        while high - low > 1:  # what has `low` characters fits, if any does; what has `high` does not
            middle = (low + high) // 2
            shorter = {**row, self.column: truncate(text, middle, self.keep)}
            if tokens(shorter) <= self.most:
                found, low = shorter, middle
            else:
                high = middle
        return found
