"""`models/pii.py: mask`, over a column: personal data and keys are masked, or reject their row."""

from collections.abc import Sequence
from functools import partial

import polars as pl

from shipworthy.data.clean.apply import CleanerResult
from shipworthy.data.clean.schema import PII
from shipworthy.models.pii import HINT, mask


def step(config: PII, rows: pl.LazyFrame, columns: Sequence[str]) -> CleanerResult:
    """Masks or rejects what is found; counts it by kind."""
    wanted = {kind: action for kind, action in config.actions().items() if action != "keep"}
    masked = partial(_masked, config, list(wanted))
    fields = {"text": pl.String, **dict.fromkeys(wanted, pl.Int32)}
    seen = {
        f"_clean_pii_{name}": pl.col(name).map_batches(masked, return_dtype=pl.Struct(fields), is_elementwise=True)
        for name in columns
    }
    texts = [pl.col(f"_clean_pii_{name}").struct.field("text").alias(name) for name in columns]
    found = {
        kind: pl.sum_horizontal(pl.col(f"_clean_pii_{name}").struct.field(kind) for name in columns) for kind in wanted
    }
    rows = rows.with_columns(**seen)
    rows = rows.with_columns(*texts, **{f"_clean_found_{kind}": number for kind, number in found.items()})
    numbers = {kind: pl.col(f"_clean_found_{kind}") for kind in wanted}
    faults = [
        pl.when(numbers[kind] > 0).then(pl.format(f"holds {{}} of the kind {kind}", numbers[kind]))
        for kind, action in wanted.items()
        if action == "reject"
    ]
    return CleanerResult(
        rows.drop(seen),
        {"personal data": pl.coalesce(*faults)} if faults else {},
        {f"pii: {kind}": number.sum() for kind, number in numbers.items()},
    )


def _masked(config: PII, kinds: Sequence[str], texts: pl.Series) -> pl.Series:
    """A struct of the masked text and how much of each kind was in it."""
    suspect = texts.str.contains(HINT).fill_null(value=False).arg_true()
    results = [mask(text, kinds, config.region) for text in texts.gather(suspect)]
    columns = [texts.clone().scatter(suspect, pl.Series([text for text, _ in results], dtype=pl.String)).alias("text")]
    nothing = pl.repeat(0, len(texts), dtype=pl.Int32, eager=True)
    for kind in kinds:
        numbers = pl.Series([found.get(kind, 0) for _, found in results], dtype=pl.Int32)
        columns.append(nothing.clone().scatter(suspect, numbers).alias(kind))
    return pl.DataFrame(columns).to_struct(texts.name)
