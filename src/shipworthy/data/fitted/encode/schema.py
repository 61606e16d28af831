"""Numbers for names."""

from dataclasses import dataclass, field

from shipworthy.core.errors import UsageError


@dataclass
class OneHot:
    """A column of 0 and 1 for each name that train has: NAME=value; none is 1 for a missing or an unknown one.

    Attributes:
        columns: of names.
        most: of different names that a column may have.
    """

    columns: list[str] = field(default_factory=list)
    most: int = 100

    def __post_init__(self) -> None:
        if not self.columns or self.most < 1:
            raise UsageError("data.fitted.encode.one_hot: name columns, and give most from 1.")

    def columns_named(self) -> list[str]:
        """The columns that it acts on."""
        return self.columns


@dataclass
class Ordinal:
    """The place of each name in an order, from 0; missing for a missing or an unknown one.

    Attributes:
        columns: column → its names in order ([]: those of train, by alphabet).
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
    """The share of each class among the rows of a name, shrunk to that of all rows (Micci-Barreca 2001).

    Rows of train get what the other folds say, so that no row has seen its own answer; all others what train says.

    Attributes:
        columns: of names.
        folds: of train, by cluster.
        smoothing: how many rows of the whole are added to those of a name (rows).
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
