"""From HTML documentation to its first sentence."""

import re
from html import unescape
from itertools import chain

from shipworthy.models.normalize import normalize_text

TAG = re.compile(r"<[^>]*>")
ZERO_WIDTH_SPACE = "\u200b"
"""Where a line may break; in English documentation it carries nothing."""
# A sentence ends at . ! or ? before a space and a capital letter or digit, unless the dot belongs to an abbreviation.
SENTENCE_END = re.compile(r"(?<!\be\.g)(?<!\bi\.e)(?<!\betc)(?<!\bvs)(?<!\bNo)[.!?](?=\s+[A-Z0-9\"'(])")
BLOCK_END = re.compile(r"</(?:p|li|h\d|div|note|important|ul|ol|fullname|title)>|<br\s*/?>", re.IGNORECASE)


def first_sentence(documentation: str) -> str:
    """The first sentence of HTML documentation, without tags; a paragraph's end also ends a sentence."""
    start = 0
    for block in chain(BLOCK_END.finditer(documentation), (None,)):
        piece = documentation[start : block.start()] if block else documentation[start:]
        if text := normalize_text(unescape(TAG.sub("", piece)).replace(ZERO_WIDTH_SPACE, "")):
            end = SENTENCE_END.search(text)
            return text[: end.end()] if end else text
        start = block.end() if block else start
    return ""
