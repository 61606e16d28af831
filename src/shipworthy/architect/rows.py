"""How many rows each split will have, and what a test of that size can show."""

from dataclasses import dataclass

from shipworthy.core.errors import ShipworthyError, UsageError
from shipworthy.evaluation.power import smallest_effect

# Shares of rows that exactly one of two models gets right: alike, different, very different.
DISCORDANCES = (0.05, 0.1, 0.25, 0.5)


@dataclass(frozen=True)
class Expected:
    """Rows of the source, and of each split after cleaning.

    Attributes:
        source: rows of the raw source (after `data.sample`).
        clean: rows that are expected to be left after cleaning.
        train, validation, test: rows of the splits.
    """

    source: int
    clean: int
    train: int
    validation: int
    test: int


def expected(
    source: int, clean: int, test: float, validation: float, train_rows: int | None, rejected: str = ""
) -> Expected:
    """The splits' sizes.

    Args:
        source, clean: rows before and after cleaning.
        test, validation: below 1 a share of the clean rows; from 1 on a number of rows.
        train_rows: the most rows of train (None: all that are left).
        rejected: why rows are lost in cleaning, in words.

    Raises:
        UsageError: nothing is left for train.
    """
    tested, validated = (max(1, round(part * clean if part < 1 else part)) for part in (test, validation))
    rest = clean - tested - validated
    if rest < 1:
        raise UsageError(
            f"data.split.test={test:g} and data.split.validation={validation:g} leave none of {clean} rows for train"
            f"{f' (of {source}; {rejected})' if rejected else ''}: lower them, or raise data.sample."
        )
    return Expected(source, clean, min(rest, train_rows or rest), validated, tested)


def visible(n: int, alpha: float) -> dict[float, float | None]:
    """Discordance → the smallest difference that a paired test on `n` rows shows with a power of 80%.

    None where no difference could be shown at all.
    """
    effects: dict[float, float | None] = {}
    for discordance in DISCORDANCES:
        try:
            effects[discordance] = smallest_effect(n, discordance, alpha)
        except ShipworthyError:
            effects[discordance] = None
    return effects
