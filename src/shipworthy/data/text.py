"""From documentation to a sentence, and from a sentence to what is compared."""

import re
import unicodedata
from html import unescape
from itertools import chain

TAG = re.compile(r"<[^>]*>")
SPACES = re.compile(r"\s+")
WORD = re.compile(r"\w+")
# A sentence ends at . ! or ? before a space and a capital letter or digit, unless the dot belongs to an abbreviation.
SENTENCE_END = re.compile(r"(?<!\be\.g)(?<!\bi\.e)(?<!\betc)(?<!\bvs)(?<!\bNo)[.!?](?=\s+[A-Z0-9\"'(])")
BLOCK_END = re.compile(r"</(?:p|li|h\d|div|note|important|ul|ol|fullname|title)>|<br\s*/?>", re.IGNORECASE)


def clean(text: str) -> str:
    """NFC Unicode, no control or invisible characters, single spaces, none at the ends."""
    if not text.isprintable():
        text = "".join(c for c in SPACES.sub(" ", text) if c.isprintable() or unicodedata.category(c) == "Zs")
    return SPACES.sub(" ", unicodedata.normalize("NFC", text)).strip()


def first_sentence(documentation: str) -> str:
    """The first sentence of HTML documentation, without tags; a paragraph's end also ends a sentence."""
    start = 0
    for block in chain(BLOCK_END.finditer(documentation), (None,)):
        piece = documentation[start : block.start()] if block else documentation[start:]
        if text := clean(unescape(TAG.sub("", piece))):
            end = SENTENCE_END.search(text)
            return text[: end.end()] if end else text
        start = block.end() if block else start
    return ""


def words(text: str) -> list[str]:
    """The words in lower case, without punctuation: two texts with the same words count as the same."""
    return WORD.findall(unicodedata.normalize("NFKC", text).casefold())
