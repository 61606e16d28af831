"""Which values count as outliers, and what is done with them."""

from dataclasses import dataclass, field

from shipworthy.core.errors import UsageError
from shipworthy.core.validation import above, one_of

ACTIONS = ("reject", "clip", "mark")


def check(key: str, columns: list[str], action: str, actions: tuple[str, ...] = ACTIONS) -> None:
    """Refuses an empty list of columns and an unknown action.

    Raises:
        UsageError: with the key.
    """
    if not columns:
        raise UsageError(f"{key}.columns is empty: name columns of numbers, or drop the method.")
    one_of(f"{key}.action", action, actions)


@dataclass
class IQR:
    """Values farther outside the quartiles than a multiple of the interquartile range (Tukey 1977).

    Attributes:
        columns: of numbers.
        factor: distance from the nearer quartile from which on a value is an outlier (interquartile ranges).
        action: reject (rows of train), clip (to the nearer bound) or mark (a column NAME_outlier of 0 and 1).
    """

    columns: list[str] = field(default_factory=list)
    factor: float = 1.5
    action: str = "clip"

    def __post_init__(self) -> None:
        check("data.fitted.outliers.iqr", self.columns, self.action)
        above("data.fitted.outliers.iqr.factor", self.factor, 0)

    def columns_named(self) -> list[str]:
        """The columns that it acts on."""
        return self.columns


@dataclass
class RobustZ:
    """Values far from the median in units of the median absolute deviation, MAD (Iglewicz and Hoaglin 1993).

    Attributes:
        columns: of numbers.
        threshold: distance above which a value is an outlier (standard deviations, estimated from the MAD).
        action: reject (rows of train), clip (to the nearer bound) or mark (a column NAME_outlier of 0 and 1).
    """

    columns: list[str] = field(default_factory=list)
    threshold: float = 3.5
    action: str = "clip"

    def __post_init__(self) -> None:
        check("data.fitted.outliers.robust_z", self.columns, self.action)
        above("data.fitted.outliers.robust_z.threshold", self.threshold, 0)

    def columns_named(self) -> list[str]:
        """The columns that it acts on."""
        return self.columns


@dataclass
class IsolationForest:
    """Rows that few random cuts isolate from the others (Liu, Ting and Zhou 2008).

    Attributes:
        columns: of numbers, seen together.
        share: share of the rows of train that count as outliers (above 0, below 0.5).
        trees: number of trees.
        rows: rows that each tree is fitted on.
        action: reject (rows of train) or mark (the column `output`).
        output: the name of the column that marks.
    """

    columns: list[str] = field(default_factory=list)
    share: float = 0.01
    trees: int = 100
    rows: int = 256
    action: str = "mark"
    output: str = "outlier"

    def __post_init__(self) -> None:
        check("data.fitted.outliers.isolation_forest", self.columns, self.action, ("reject", "mark"))
        if not 0 < self.share < 0.5:
            raise UsageError(f"data.fitted.outliers.isolation_forest.share={self.share}: give more than 0, below 0.5.")
        if self.trees < 1 or self.rows < 2:
            raise UsageError("data.fitted.outliers.isolation_forest: give trees from 1 and rows from 2.")

    def columns_named(self) -> list[str]:
        """None of its own: another method may clip what it looks at."""
        return []


@dataclass
class Outliers:
    """The methods in the order in which they act, each the file of its name; null: not used."""

    isolation_forest: IsolationForest | None = None
    iqr: IQR | None = None
    robust_z: RobustZ | None = None
