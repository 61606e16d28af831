"""What stands for a missing value."""

from dataclasses import dataclass, field

from shipworthy.core.errors import UsageError


@dataclass
class Columns:
    """A method that needs nothing but its columns.

    Attributes:
        columns: that it acts on.
    """

    columns: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        if not self.columns:
            raise UsageError(f"data.fitted.missing: a method ({type(self).__name__.lower()}) names no columns.")

    def columns_named(self) -> list[str]:
        """The columns that it acts on."""
        return self.columns


@dataclass
class Drop(Columns):
    """Rows of train without a value are rejected; the other splits keep theirs, for they stand for what will come."""


@dataclass
class Median(Columns):
    """The median of train (numbers)."""


@dataclass
class Mode(Columns):
    """The most frequent value of train; of equals the first in order (numbers or names)."""


@dataclass
class Constant:
    """A value of your own.

    Attributes:
        values: column → the value (a number for numbers, text for names).
    """

    values: dict[str, str | int | float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not self.values:
            raise UsageError("data.fitted.missing.constant.values is empty: name columns and their values.")

    def columns_named(self) -> list[str]:
        """The columns that it acts on."""
        return list(self.values)


@dataclass
class Model(Columns):
    """What gradient-boosted trees say from the other features (XGBoost, kept as its own JSON).

    Attributes:
        rounds: trees per column (and per category).
        max_depth: of a tree (levels).
    """

    rounds: int = 50
    max_depth: int = 4

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.rounds < 1 or self.max_depth < 1:
            raise UsageError("data.fitted.missing.model: give rounds and max_depth from 1.")


@dataclass
class Missing:
    """The methods in the order in which they act, each the file of its name; null: not used."""

    drop: Drop | None = None
    model: Model | None = None
    constant: Constant | None = None
    median: Median | None = None
    mode: Mode | None = None
