"""Text in one form: for storage (`normalize_text`), and as words for comparison (`words`)."""

import re
import unicodedata

SPACES = re.compile(r"\s+")
WORD = re.compile(r"\w+")


def normalize_text(text: str) -> str:
    """NFC Unicode, no control or invisible characters, single spaces, none at the ends."""
    if not text.isprintable():
        text = "".join(c for c in SPACES.sub(" ", text) if c.isprintable() or unicodedata.category(c) == "Zs")
    return SPACES.sub(" ", unicodedata.normalize("NFC", text)).strip()


def words(text: str) -> list[str]:
    """The words of the NFKC text in lower case, without punctuation: two texts with the same words count as equal."""
    return [word.casefold() for word in WORD.findall(unicodedata.normalize("NFKC", text))]
