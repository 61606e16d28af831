"""Encodings of categories as numbers."""

from dataclasses import dataclass, field

from shipworthy.core.errors import UsageError


@dataclass
class OneHot:
    """A column NAME=value of 0 and 1 for each category of train; all are 0 for a missing or an unknown one.

    Attributes:
        columns: categorical columns.
        max_categories: most distinct values that a column may have on train.
    """

    columns: list[str] = field(default_factory=list)
    max_categories: int = 100

    def __post_init__(self) -> None:
        if not self.columns or self.max_categories < 1:
            raise UsageError("data.fitted.encode.one_hot: name columns, and give max_categories from 1.")

    def columns_named(self) -> list[str]:
        """The columns that it acts on."""
        return self.columns


@dataclass
class Ordinal:
    """The position of each category in an order, from 0; missing for a missing or an unknown one.

    Attributes:
        columns: column → its categories in order ([]: those of train, sorted).
    """

    columns: dict[str, list[str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not self.columns:
            raise UsageError("data.fitted.encode.ordinal.columns is empty: name columns and their order ([] will do).")
        if twice := [name for name, order in self.columns.items() if len(set(order)) < len(order)]:
            raise UsageError(f"data.fitted.encode.ordinal.columns.{twice[0]} names a value twice: correct its order.")

    def columns_named(self) -> list[str]:
        """The columns that it acts on."""
        return list(self.columns)


@dataclass
class Target:
    """The share of each class among the rows of a category, shrunk to that of all rows (Micci-Barreca 2001).

    A row of train gets the encoding fitted on the other folds, so that it does not use its own answer; rows of other
    splits get that of all of train.

    Attributes:
        columns: categorical columns.
        folds: of train, by cluster.
        smoothing: weight of the share of all rows (rows).
    """

    columns: list[str] = field(default_factory=list)
    folds: int = 5
    smoothing: float = 20.0

    def __post_init__(self) -> None:
        if not self.columns:
            raise UsageError("data.fitted.encode.target.columns is empty: name columns of names, or drop the method.")
        if self.folds < 2 or self.smoothing < 0:
            raise UsageError("data.fitted.encode.target: give folds from 2, and a smoothing of 0 or more.")

    def columns_named(self) -> list[str]:
        """The columns that it acts on."""
        return self.columns


@dataclass
class Encode:
    """The methods in the order in which they act, each the file of its name; null: not used."""

    one_hot: OneHot | None = None
    ordinal: Ordinal | None = None
    target: Target | None = None
