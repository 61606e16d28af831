"""What counts as unusual, and what becomes of it."""

from dataclasses import dataclass, field

from shipworthy.core.errors import UsageError

ACTIONS = ("reject", "clip", "mark")


def check(key: str, columns: list[str], action: str, actions: tuple[str, ...] = ACTIONS) -> None:
    """Refuses no columns, and an action that there is not.

    Raises:
        UsageError: with the key.
    """
    if not columns:
        raise UsageError(f"{key}.columns is empty: name columns of numbers, or drop the method.")
    if action not in actions:
        raise UsageError(f"{key}.action={action}: choose one of {', '.join(actions)}.")


@dataclass
class IQR:
    """Outside the quartiles by a multiple of their distance (Tukey 1977).

    Attributes:
        columns: of numbers.
        factor: how many interquartile ranges beyond a quartile are usual still.
        action: reject (rows of train), clip (to the nearer bound) or mark (a column NAME_outlier of 0 and 1).
    """

    columns: list[str] = field(default_factory=list)
    factor: float = 1.5
    action: str = "clip"

    def __post_init__(self) -> None:
        check("data.fitted.outliers.iqr", self.columns, self.action)
        if self.factor <= 0:
            raise UsageError(f"data.fitted.outliers.iqr.factor={self.factor}: give a number above 0.")

    def columns_named(self) -> list[str]:
        """The columns that it acts on."""
        return self.columns


@dataclass
class RobustZ:
    """Far from the median in units of the median absolute deviation (Iglewicz and Hoaglin 1993).

    Attributes:
        columns: of numbers.
        threshold: the largest usual distance (standard deviations of a normal distribution of that MAD).
        action: reject (rows of train), clip (to the nearer bound) or mark (a column NAME_outlier of 0 and 1).
    """

    columns: list[str] = field(default_factory=list)
    threshold: float = 3.5
    action: str = "clip"

    def __post_init__(self) -> None:
        check("data.fitted.outliers.robust_z", self.columns, self.action)
        if self.threshold <= 0:
            raise UsageError(f"data.fitted.outliers.robust_z.threshold={self.threshold}: give a number above 0.")

    def columns_named(self) -> list[str]:
        """The columns that it acts on."""
        return self.columns


@dataclass
class IsolationForest:
    """Rows that few random cuts isolate from the others (Liu, Ting and Zhou 2008).

    Attributes:
        columns: of numbers, seen together.
        share: of train's rows that count as unusual (above 0, below 0.5).
        trees: how many.
        rows: that each tree sees.
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
