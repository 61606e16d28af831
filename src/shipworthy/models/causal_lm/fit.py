"""Cuts a text so that its question has room for an answer. It needs Python alone: packages carry this file."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from shipworthy.models.normalize import truncate
from shipworthy.models.prompt import as_text

LEAST = 20
"""A text that would have to be shorter is not cut (characters)."""
Row = Mapping[str, Any]
Tokens = Callable[[Row], int]
"""How long the question is that a row makes (tokens)."""


def fitting(saved: Mapping[str, Any]) -> "Cutter | Chunker":
    """What fits the rows of a task whose `cuts` these are."""
    return Chunker(**saved) if "overlap" in saved else Cutter(**saved)


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

    def cut(self, row: Row, tokens: Tokens) -> Row:
        """The row with as much of the text as fits; itself where all of it fits, or where too little would be left."""
        if tokens(row) <= self.most:
            return row
        text = as_text(row[self.column])
        found = _longest(text, self.keep, LEAST, lambda part: tokens({**row, self.column: part}) <= self.most)
        return row if found is None else {**row, self.column: found}

    def parts(self, row: Row, tokens: Tokens) -> list[Row]:
        """The one row that `cut` gives."""
        return [self.cut(row, tokens)]


@dataclass(frozen=True)
class Chunker:
    """Divides the text of one column, between words, into chunks of which each makes a question that is short enough.

    Attributes:
        column: whose text is divided.
        overlap: what two neighbouring chunks share at most (tokens): as many whole words as that allows. They share
            nothing where a next chunk would otherwise not go beyond the one before it.
        most: as of `Cutter`.
    """

    column: str
    overlap: int
    most: int

    def parts(self, row: Row, tokens: Tokens) -> list[Row]:
        """A row for each chunk, in order; the row itself where it fits, or where too little would be left of a text."""
        if tokens(row) <= self.most:
            return [row]

        def long(part: str) -> int:
            return tokens({**row, self.column: part})

        text, beside = as_text(row[self.column]), long("")
        found: list[Row] = []
        begin = end = 0
        while begin < len(text):
            begin, chunk = self._next(text, begin, end, long)
            if not chunk:
                return [row]
            found.append({**row, self.column: chunk})
            end = begin + len(chunk)
            if not text[end:].strip():
                break
            begin = self._shared(text, begin, end, lambda part: long(part) - beside <= self.overlap)
        return found

    def _next(self, text: str, begin: int, end: int, long: Callable[[str], int]) -> tuple[int, str]:
        """Where the next chunk begins, and the chunk (empty: not even a short one fits).

        Args:
            begin: where it is to begin; it begins at `end`, where the last one ended, if it would not go beyond that.
        """
        chunk = self._head(text, begin, long)
        if begin + len(chunk) > end:
            return begin, chunk
        begin = _first_word(text, end)
        return begin, self._head(text, begin, long)

    def _head(self, text: str, begin: int, long: Callable[[str], int]) -> str:
        """As much of the text from `begin` on as fits; by windows, so that a long text is not tokenized whole."""
        width = 4 * self.most
        while long(window := text[begin : begin + width]) <= self.most:
            if begin + width >= len(text):
                return window
            width *= 2
        return _longest(window, "start", LEAST, lambda part: long(part) <= self.most) or ""

    def _shared(self, text: str, begin: int, end: int, fits: Callable[[str], bool]) -> int:
        """Where the next chunk is to begin: before the last one's end, at a word, so that what is shared `fits`."""
        shared = _longest(text[begin:end], "end", 1, fits) or ""
        place = end - len(shared)
        if not shared or text[place - 1].isspace():
            return place if shared else _first_word(text, end)
        if (space := text.find(" ", place, min(end, place + LEAST))) >= 0:
            return space + 1
        of_a_word = text.rfind(" ", max(begin, place - LEAST), place) >= 0
        return _first_word(text, end) if of_a_word else place  # some scripts have no spaces


def _longest(text: str, keep: str, least: int, fits: Callable[[str], bool]) -> str | None:
    """As much of a text as fits, of `least` characters or more (None: not even those); all of it does not fit."""
    found, low, high = None, least - 1, len(text)
    while high - low > 1:  # what has `low` characters fits, if any does; what has `high` does not
        middle = (low + high) // 2
        if fits(shorter := truncate(text, middle, keep)):
            found, low = shorter, middle
        else:
            high = middle
    return found


def _first_word(text: str, place: int) -> int:
    """The first place from `place` on where no white space stands."""
    return len(text) - len(text[place:].lstrip())
