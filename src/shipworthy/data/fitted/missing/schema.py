"""How missing values are imputed."""

from dataclasses import dataclass, field

from shipworthy.core.errors import UsageError


@dataclass
class Columns:
    """A method without other settings.

    Attributes:
        columns: the columns that it acts on.
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
    """Rows of train with a missing value are rejected; the other splits keep theirs, as served rows would have them."""


@dataclass
class Median(Columns):
    """The median of train (numbers)."""


@dataclass
class Mode(Columns):
    """The most frequent value of train; of several the smallest (numbers or text)."""


@dataclass
class Constant:
    """A value of your own.

    Attributes:
        values: column → the value (a number for numeric columns, text for others).
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
    """The prediction of gradient-boosted trees from the other features (XGBoost, saved as its own JSON).

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
