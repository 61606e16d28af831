"""Text without what nobody sees, and the words of it that are compared."""

import re
import unicodedata

SPACES = re.compile(r"\s+")
WORD = re.compile(r"\w+")


def clean(text: str) -> str:
    """NFC Unicode, no control or invisible characters, single spaces, none at the ends."""
    if not text.isprintable():
        text = "".join(c for c in SPACES.sub(" ", text) if c.isprintable() or unicodedata.category(c) == "Zs")
    return SPACES.sub(" ", unicodedata.normalize("NFC", text)).strip()


def words(text: str) -> list[str]:
    """The words in lower case, without punctuation: two texts with the same words count as the same."""
    return WORD.findall(unicodedata.normalize("NFKC", text).casefold())
