"""Settings of the gates that count over all rows."""

from dataclasses import dataclass, field

from shipworthy.core.errors import UsageError
from shipworthy.core.validation import at_least, in_range, one_of
from shipworthy.data.gates.gate import Gate

TYPES = ("text", "number", "integer")


@dataclass
class Ids(Gate):
    """No two rows have the same id."""


@dataclass
class Column:
    """Conditions on a column; those that are left out are not checked.

    Attributes:
        type: text, number or integer.
        required: no value may be missing.
        min, max: the least and the largest value (in the column's unit).
        allowed: the only values that a column of text may have.
        regex: pattern that every text must match from its start.
    """

    type: str = ""
    required: bool = False
    min: float | None = None
    max: float | None = None
    allowed: list[str] = field(default_factory=list)
    regex: str = ""

    def __post_init__(self) -> None:
        if self.type:
            one_of("data.gates.table: type", self.type, TYPES)
        if self.min is not None and self.max is not None and self.min > self.max:
            raise UsageError(f"data.gates.table: min={self.min} is above max={self.max}: exchange them.")
        if (self.min is not None or self.max is not None) and (self.allowed or self.regex):
            raise UsageError("data.gates.table: a column has a range of numbers and a pattern of text: choose one.")


@dataclass
class Table(Gate):
    """Every column meets its declared conditions, checked by pandera.

    Attributes:
        columns: column → its conditions; `answer` may be one (checked outside of test only).
        others: whether columns that are not declared are allowed.
    """

    columns: dict[str, Column] = field(default_factory=dict)
    others: bool = True

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.action and not self.columns:
            raise UsageError("data.gates.table.columns is empty: declare columns, or drop the gate.")


@dataclass
class Missing(Gate):
    """No feature has too many missing values.

    Attributes:
        max_share: largest share of rows in which a feature may be missing (0 to 1).
        columns: column → a limit of its own (0 to 1).
    """

    max_share: float = 0.5
    columns: dict[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        super().__post_init__()
        in_range("data.gates.missing.max_share", self.max_share, 0, 1)
        for name, limit in self.columns.items():
            in_range(f"data.gates.missing.columns.{name}", limit, 0, 1)


@dataclass
class MissingRuns(Gate):
    """No feature is missing in an improbably long run of consecutive rows, in the order of ids.

    Attributes:
        probability: a run is too long if independent missing values give it with a lower probability (0 to 1).
    """

    action: str = "warn"
    probability: float = 1e-6

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0 < self.probability < 1:
            raise UsageError(
                f"data.gates.missing_runs.probability={self.probability}: give a probability between 0 and 1."
            )


@dataclass
class Constant(Gate):
    """Every feature has at least two different values in train; a constant one carries no information."""

    action: str = "warn"


@dataclass
class Unseen(Gate):
    """Validation and test have few categories that train lacks.

    Attributes:
        max_share: largest share of a split's rows with such a category in a column (0 to 1).
        max_categories: columns with more distinct values in train count as free text and are not checked.
    """

    max_share: float = 0.01
    max_categories: int = 1000

    def __post_init__(self) -> None:
        super().__post_init__()
        in_range("data.gates.unseen.max_share", self.max_share, 0, 1)
        at_least("data.gates.unseen.max_categories", self.max_categories, 1)


@dataclass
class Balance(Gate):
    """No class is too rare in train or in validation.

    Attributes:
        min_share: smallest share of rows of any class (0 to 0.5).
    """

    min_share: float = 0.01

    def __post_init__(self) -> None:
        super().__post_init__()
        in_range("data.gates.balance.min_share", self.min_share, 0, 0.5)


@dataclass
class Contradictions(Gate):
    """Near-duplicates have the same answer.

    Attributes:
        max_share: largest share of the rows of train and validation in clusters with several answers (0 to 1).
    """

    max_share: float = 0.01

    def __post_init__(self) -> None:
        super().__post_init__()
        in_range("data.gates.contradictions.max_share", self.max_share, 0, 1)


@dataclass
class Expectations(Gate):
    """A suite of Great Expectations holds, run in an environment of its own.

    Attributes:
        suite: its JSON file, relative to the project's root.
        python: the interpreter of an environment that has great_expectations (empty: the one of this program).
    """

    suite: str = ""
    python: str = ""

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.action and not self.suite:
            raise UsageError("data.gates.expectations.suite is empty: name the suite's JSON file, or drop the gate.")
