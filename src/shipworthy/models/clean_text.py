"""What the cleaners of a data set that change text do to one text, in the order in which they act.

It needs Python alone, ftfy where encodings are repaired, and phonenumbers where phone numbers are masked: packages
carry this file. The cleaners that only leave rows out (length, language, what is damaged or rejected) have no part in
it: a row that is asked is answered.
"""

from collections.abc import Mapping
from typing import Any

from shipworthy.models.normalize import normalize_text, truncate
from shipworthy.models.pii import mask

REPLACEMENT_CHARACTER = "\ufffd"


def repair(text: str) -> str:
    """A text whose UTF-8 was read as another encoding, decoded again; itself, unless that leaves no sign of damage.

    What is a sign of damage is ftfy's judgement (Speer 2019, ftfy.readthedocs.io).
    """
    if text.isascii():
        return text
    from ftfy import fix_encoding
    from ftfy.badness import is_bad

    if not is_bad(text):
        return text
    fixed = fix_encoding(text)
    return text if REPLACEMENT_CHARACTER in fixed or is_bad(fixed) else fixed


class TextCleaner:
    """Cleans texts as the data set's were cleaned.

    Args:
        saved: `repair` (whether encodings are), `form` (of Unicode; null: texts keep theirs), `truncate` (column →
            max_characters and keep), `mask` (null, or the `kinds` of personal data and the `region`).
    """

    def __init__(self, saved: Mapping[str, Any]) -> None:
        self.saved = saved

    def __call__(self, column: str, text: str) -> str:
        """The text of a column, cleaned."""
        saved = self.saved
        if saved["repair"]:
            text = repair(text)
        if saved["form"]:
            text = normalize_text(text, saved["form"])
        if cut := saved["truncate"].get(column):
            text = truncate(text, cut["max_characters"], cut["keep"])
        if masked := saved["mask"]:
            text, _ = mask(text, masked["kinds"], masked["region"])
        return text


def libraries(saved: Mapping[str, Any]) -> list[str]:
    """What must be installed to clean by these settings."""
    needed = ["ftfy", "wcwidth"] if saved["repair"] else []
    return needed + (["phonenumberslite"] if saved["mask"] and "phone" in saved["mask"]["kinds"] else [])
