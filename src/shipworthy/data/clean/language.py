"""Rejects rows in other languages than those that are allowed."""

from collections.abc import Sequence

import polars as pl

from shipworthy.core.errors import UsageError
from shipworthy.data.clean.apply import CleanerResult
from shipworthy.data.clean.schema import Language
from shipworthy.models.language import known, language


def step(config: Language, rows: pl.LazyFrame, columns: Sequence[str]) -> CleanerResult:
    """Rejects rows whose text is in none of the allowed languages, with at least the probability of the config.

    Raises:
        UsageError: the detector does not know an allowed language.
    """
    if unknown := sorted(set(config.allow) - known()):
        raise UsageError(f"data.clean.language.allow names '{unknown[0]}': give ISO 639-1 codes, such as en.")

    def foreign(texts: pl.Series) -> pl.Series:
        return pl.Series(texts.name, [_foreign(config, text) for text in texts], dtype=pl.String)

    faults = (
        pl.format(
            "{} {}",
            pl.lit(name),
            pl.col(name).map_batches(foreign, return_dtype=pl.String, is_elementwise=True),
        )
        for name in config.columns or columns
    )
    return CleanerResult(rows, {"language": pl.coalesce(*faults)})


def _foreign(config: Language, text: str | None) -> str | None:
    if text is None or len(text) < config.min_characters:
        return None
    code, probability = language(text)
    if code in config.allow or probability < config.min_probability:
        return None
    return f"is in {code} with probability {probability:.2f}, not in {' or '.join(config.allow)}"
