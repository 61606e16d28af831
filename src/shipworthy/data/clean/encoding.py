"""Damaged encodings: UTF-8 that was decoded as another encoding (mojibake), and replacement characters."""

from collections.abc import Callable, Sequence

import polars as pl

from shipworthy.data.clean.apply import CleanerResult
from shipworthy.data.clean.schema import Encoding
from shipworthy.models import clean_text
from shipworthy.models.clean_text import REPLACEMENT_CHARACTER

SUSPECT = r"[^\x00-\x7f]"
"""Damage shows in characters beyond ASCII; all other texts are skipped."""


def step(config: Encoding, rows: pl.LazyFrame, columns: Sequence[str]) -> CleanerResult:
    """Repairs what can be decoded without doubt if the config says so, and rejects what is still damaged."""
    repaired: dict[str, pl.Expr] = {}
    if config.action == "repair":
        before = {f"_clean_before_{name}": pl.col(name) for name in columns}
        rows = rows.with_columns(**before).with_columns(
            pl.col(name).map_batches(repair, return_dtype=pl.String, is_elementwise=True) for name in columns
        )
        changed = (pl.col(f"_clean_before_{name}").ne_missing(pl.col(name)) for name in columns)
        repaired = {"encoding: repaired": pl.sum_horizontal(changed).sum()}
    found = ((name, pl.col(name).map_batches(damage, return_dtype=pl.String, is_elementwise=True)) for name in columns)
    faults = [pl.format("{} {}", pl.lit(name), what) for name, what in found]
    return CleanerResult(rows, {"damaged encoding": pl.coalesce(*faults)}, repaired)


def damage(texts: pl.Series) -> pl.Series:
    """What is wrong with each text's encoding (null: nothing), as ftfy judges it (Speer 2019, ftfy.readthedocs.io)."""
    from ftfy.badness import is_bad

    def function(text: str) -> str | None:
        if REPLACEMENT_CHARACTER in text:
            return f"holds a character that was lost: '{_around(text, text.index(REPLACEMENT_CHARACTER))}'"
        return f"holds UTF-8 that was read as another encoding: '{_first(text)}'" if is_bad(text) else None

    return _map_suspects(texts, function, keep=False)


def repair(texts: pl.Series) -> pl.Series:
    """Each text, decoded again where the result has no replacement character and no sign of damage."""
    return _map_suspects(texts, clean_text.repair, keep=True)


def _map_suspects(texts: pl.Series, function: Callable[[str], str | None], *, keep: bool) -> pl.Series:
    """`function` of the texts that are not ASCII; for the others the text itself (`keep`) or null."""
    suspect = texts.str.contains(SUSPECT).fill_null(value=False)
    rest = texts if keep else pl.Series(texts.name, [None], dtype=pl.String).new_from_index(0, len(texts))
    if not suspect.any():
        return rest
    places = suspect.arg_true()
    return rest.clone().scatter(places, pl.Series([function(text) for text in texts.gather(places)], dtype=pl.String))


def _first(text: str) -> str:
    """The text around its first character beyond ASCII."""
    return _around(text, next(i for i, c in enumerate(text) if ord(c) > 127))


def _around(text: str, place: int) -> str:
    return text[max(0, place - 10) : place + 11]
