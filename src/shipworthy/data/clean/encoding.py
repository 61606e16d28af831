"""Damaged encodings: UTF-8 that was read as something else, and characters that were lost."""

from collections.abc import Callable, Sequence

import polars as pl

from shipworthy.data.clean.apply import Step
from shipworthy.data.clean.schema import Encoding

LOST = "\ufffd"
SUSPECT = r"[^\x00-\x7f]"
"""Damage shows in characters beyond ASCII; all other text is left alone without a look."""


def step(config: Encoding, rows: pl.LazyFrame, columns: Sequence[str]) -> Step:
    """Repairs what can be read again, if asked to, and rejects what is damaged still."""
    repaired: dict[str, pl.Expr] = {}
    if config.action == "repair":
        before = {f"_clean_before_{name}": pl.col(name) for name in columns}
        rows = rows.with_columns(**before).with_columns(
            pl.col(name).map_batches(repair, return_dtype=pl.String, is_elementwise=True) for name in columns
        )
        changed = (pl.col(f"_clean_before_{name}").ne_missing(pl.col(name)) for name in columns)
        repaired = {"encoding: repaired": pl.sum_horizontal(changed).sum()}
    found = ((name, pl.col(name).map_batches(fault, return_dtype=pl.String, is_elementwise=True)) for name in columns)
    faults = [pl.format("{} {}", pl.lit(name), what) for name, what in found]
    return Step(rows, {"damaged encoding": pl.coalesce(*faults)}, repaired)


def fault(texts: pl.Series) -> pl.Series:
    """What is wrong with each text's encoding (null: nothing), as ftfy judges it (Speer 2019, ftfy.readthedocs.io)."""
    from ftfy.badness import is_bad

    def say(text: str) -> str | None:
        if LOST in text:
            return f"holds a character that was lost: '{_around(text, text.index(LOST))}'"
        return f"holds UTF-8 that was read as another encoding: '{_first(text)}'" if is_bad(text) else None

    return _suspects(texts, say, keep=False)


def repair(texts: pl.Series) -> pl.Series:
    """Each text, read again where that leaves no doubt: nothing lost, and nothing that still looks damaged."""
    from ftfy import fix_encoding
    from ftfy.badness import is_bad

    def read(text: str) -> str:
        if not is_bad(text):
            return text
        fixed = fix_encoding(text)
        return text if LOST in fixed or is_bad(fixed) else fixed

    return _suspects(texts, read, keep=True)


def _suspects(texts: pl.Series, say: Callable[[str], str | None], *, keep: bool) -> pl.Series:
    """`say` of the texts that are not plain ASCII; of the others themselves, or null."""
    suspect = texts.str.contains(SUSPECT).fill_null(value=False)
    rest = texts if keep else pl.Series(texts.name, [None], dtype=pl.String).new_from_index(0, len(texts))
    if not suspect.any():
        return rest
    places = suspect.arg_true()
    return rest.clone().scatter(places, pl.Series([say(text) for text in texts.gather(places)], dtype=pl.String))


def _first(text: str) -> str:
    """The text around its first character that is not plain."""
    return _around(text, next(i for i, c in enumerate(text) if ord(c) > 127))


def _around(text: str, place: int) -> str:
    return text[max(0, place - 10) : place + 11]
