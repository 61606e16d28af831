"""Text in one form: for storage (`normalize_text`), and as words for comparison (`words`).

What `normalize_text` takes out is only what carries nothing: control characters (Cc; those that are white space become
a space), U+FEFF, the byte order mark, and code points that are no characters. Format characters (Cf) stay, for they are
part of the text: joiners spell Persian and Indian words and hold emoji together, tags make flags, marks of direction
order Arabic and Hebrew, U+200B divides the words of Khmer and Thai. So do combining marks and variation selectors,
private characters, and what Python's version of Unicode does not know yet, such as new emoji.

This file needs nothing but Python, for packages carry it; clean/unicode.py and clean/length.py do the same by columns.
"""

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from itertools import chain, groupby

Ranges = list[tuple[int, int]]
"""Code points, each range from its first to its last."""

SPACES = re.compile(r"\s+")
# Controls that are no white space, the byte order mark, surrogates, and the 66 code points that are no characters.
NOTHING: Ranges = [
    (0x00, 0x08),
    (0x0E, 0x1B),
    (0x7F, 0x84),
    (0x86, 0x9F),
    (0xD800, 0xDFFF),
    (0xFDD0, 0xFDEF),
    (0xFEFF, 0xFEFF),
    *((plane + 0xFFFE, plane + 0xFFFF) for plane in range(0, 0x110000, 0x10000)),
]
# Ideographs and hiragana, which are written without spaces: each is a word, as in Unicode Standard Annex 29.
ALONE: Ranges = [(0x3005, 0x3007), (0x3021, 0x3029), (0x3041, 0x3096), (0x3400, 0x4DBF), (0x4E00, 0x9FFF)]
ALONE += [(0xF900, 0xFAFF), (0x20000, 0x3FFFD)]
# Blocks of emoji and other pictures; the last is kept for them, so that its free places are pictures to come.
PICTURES: Ranges = [(0x2300, 0x23FF), (0x2600, 0x27BF), (0x2B00, 0x2BFF), (0x1F000, 0x1FAFF)]
GAP = " … "
"""Stands for what was cut out of a text's middle."""
NEARBY = 10
"""A word is kept whole if that costs less than one part in so many of the text."""
DIVIDES = 0x200B
"""The format character that ends a word."""
DIFFERS: Ranges = [(0x200C, 0x200D), (0xE0020, 0xE007F)]
"""Format characters that make another word: joiners, and the tags of flags. Others make no difference."""


def as_class(ranges: Iterable[tuple[int, int]], write: Callable[[int], str] = lambda code: f"\\U{code:08x}") -> str:
    """The ranges as they are within the brackets of a pattern of `re`, or of what `write` makes of a code point."""
    return "".join(f"{write(low)}-{write(high)}" for low, high in ranges)


_NOTHING = re.compile(f"[{as_class(NOTHING)}]")


def normalize_text(text: str, form: str = "NFC") -> str:
    """The text in a form of Unicode, without control characters and byte order marks, single spaces, none at the ends.

    Args:
        form: NFC or NFKC.
    """
    if not (text.isascii() and text.isprintable()):
        text = unicodedata.normalize("NFKC" if form == "NFKC" else "NFC", _NOTHING.sub("", SPACES.sub(" ", text)))
    return SPACES.sub(" ", text).strip()


def words(text: str) -> list[str]:
    """The words of the NFKC text in lower case, without punctuation: two texts with the same words count as equal.

    A word is a run of letters and digits with the marks and joiners in it, an ideograph or a hiragana alone, or a run
    of emoji. Soft hyphens and marks of direction make no other word.
    """
    if text.isascii():
        return [word.lower() for word in _PLAIN.findall(text)]
    text = unicodedata.normalize("NFKC", text)
    far = _FAR.search(text) is not None
    if not far and not _special().search(text):
        return [word.casefold() for word in _PLAIN.findall(text)]
    pattern, same = _pattern(far), _same()
    return [word.casefold().translate(same) for word in pattern.findall(text)]


def truncate(text: str, max_characters: int, keep: str) -> str:
    """The text cut to at most so many code points, between words where there are any nearby.

    Args:
        keep: its start, its end, or both, with an ellipsis between them.
    """
    if len(text) <= max_characters:
        return text
    if keep == "start":
        return _head(text, max_characters)
    if keep == "end":
        return _tail(text, max_characters)
    room = max_characters - len(GAP)
    return _head(text, room - room // 2) + GAP + _tail(text, room // 2)


def _head(text: str, most: int) -> str:
    while most and _goes_on(text, most):
        most -= 1
    head = text[:most]
    space = head.rfind(" ", most - most // NEARBY) if text[most : most + 1].strip() else -1
    return (head[:space] if space > 0 else head).rstrip()


def _tail(text: str, most: int) -> str:
    begin = len(text) - most
    while begin < len(text) and _goes_on(text, begin):
        begin += 1
    space = text.find(" ", begin, begin + most // NEARBY) if text[begin - 1].strip() else -1
    return text[space + 1 if space >= 0 else begin :].lstrip()


def _goes_on(text: str, place: int) -> bool:
    """Whether what stands at a place belongs to what comes before it: marks, and what a joiner holds together."""
    here, before = text[place : place + 1], text[place - 1 : place]
    return bool(here) and (unicodedata.category(here)[0] == "M" or "\u200d" in (here, before))


_PLAIN = re.compile(r"\w+")


@cache
def word_classes() -> tuple[Ranges, Ranges, Ranges, Ranges]:
    """What words are made of: single characters, letters and digits, pictures, and what goes on in any of them."""

    def alone(code: int) -> bool:
        return code >= ALONE[0][0] and any(low <= code <= high for low, high in ALONE)

    def letter(code: int) -> bool:
        return (chr(code).isalnum() or code == ord("_")) and not alone(code)

    def picture(code: int) -> bool:
        kind = unicodedata.category(chr(code))
        new = kind == "Cn" and code >= 0x1F000
        return any(low <= code <= high for low, high in PICTURES) and (kind in ("So", "Sk") or new)

    def inside(code: int) -> bool:
        kind = unicodedata.category(chr(code))
        return (kind[0] == "M" or kind == "Cf") and code != DIVIDES

    return ALONE, ranges_of(letter), ranges_of(picture), ranges_of(inside)


def word_pattern(write: Callable[[int], str] = lambda code: f"\\U{code:08x}") -> str:
    """A word as a regular expression."""
    alone, letter, picture, inside = (as_class(ranges, write) for ranges in word_classes())
    return f"[{alone}][{inside}]*|[{letter}][{letter}{inside}]*|[{picture}][{picture}{inside}]*"


def ranges_of(chosen: Callable[[int], bool]) -> Ranges:
    """The code points that are chosen; planes without characters are not looked at."""
    return list(_runs(chosen, chain(range(0x20000), range(0xE0000, 0xE0200))))


def _runs(chosen: Callable[[int], bool], codes: Iterable[int]) -> Iterator[tuple[int, int]]:
    for (is_chosen, _), run in groupby(enumerate(codes), lambda one: (chosen(one[1]), one[1] - one[0])):
        if is_chosen:
            found = [code for _, code in run]
            yield found[0], found[-1]


# `re` looks up the first 65,536 code points in a table, and tries the ranges beyond one after the other: texts without
# such characters get patterns without them.
_FAR = re.compile("[\U00010000-\U0010ffff]")
NEAR = 0xFFFF


@cache
def _special() -> "re.Pattern[str]":
    """What makes another word than a run of letters, digits and underscores does."""
    return re.compile(f"[{''.join(_classes(far=False))}]")


@cache
def _pattern(far: bool) -> "re.Pattern[str]":
    """As `word_pattern`, with Python's own class of letters and digits."""
    alone, picture, inside = _classes(far)
    letter = rf"[^\W{alone}]"
    return re.compile(f"[{alone}][{inside}]*|{letter}(?:{letter}+|[{inside}]+)*|[{picture}][{picture}{inside}]*")


def _classes(far: bool) -> list[str]:
    alone, _, picture, inside = word_classes()
    return [as_class(one for one in ranges if far or one[0] <= NEAR) for ranges in (alone, picture, inside)]


@cache
def _same() -> dict[int, None]:
    """Characters that make no other word."""

    def ignored(code: int) -> bool:
        return unicodedata.category(chr(code)) == "Cf" and not any(low <= code <= high for low, high in DIFFERS)

    return {code: None for low, high in ranges_of(ignored) for code in range(low, high + 1)}
