"""What must hold of the rows before anything is trained on them."""

from dataclasses import dataclass, field

from shipworthy.core.errors import UsageError

ACTIONS = ("fail", "warn")
TYPES = ("text", "number", "integer")


def share(key: str, value: float, *, below: float = 1.0) -> None:
    """Refuses what is no share.

    Raises:
        UsageError: with the key.
    """
    if not 0 <= value <= below:
        raise UsageError(f"data.gates.{key}={value}: give a number from 0 to {below:g}.")


@dataclass
class Gate:
    """What every gate has.

    Attributes:
        action: what follows where it does not hold: fail (no dataset) or warn.
    """

    action: str = "fail"

    def __post_init__(self) -> None:
        if self.action not in ACTIONS:
            raise UsageError(
                f"data.gates: {type(self).__name__} has action={self.action}: choose one of {', '.join(ACTIONS)}."
            )


@dataclass
class Ids(Gate):
    """No id stands in two rows."""


@dataclass
class Column:
    """What a column must be; what is left out may be anything.

    Attributes:
        type: text, number or integer.
        required: no value may be missing.
        min, max: the least and the largest value (in the column's unit).
        allowed: the only values that a column of text may have.
        regex: what every text must match from its start.
    """

    type: str = ""
    required: bool = False
    min: float | None = None
    max: float | None = None
    allowed: list[str] = field(default_factory=list)
    regex: str = ""

    def __post_init__(self) -> None:
        if self.type and self.type not in TYPES:
            raise UsageError(f"data.gates.table: type={self.type}: choose one of {', '.join(TYPES)}.")
        if self.min is not None and self.max is not None and self.min > self.max:
            raise UsageError(f"data.gates.table: min={self.min} is above max={self.max}: exchange them.")
        if (self.min is not None or self.max is not None) and (self.allowed or self.regex):
            raise UsageError("data.gates.table: a column has a range of numbers and a pattern of text: choose one.")


@dataclass
class Table(Gate):
    """Columns are what they were declared to be, checked by pandera.

    Attributes:
        columns: column → what it must be; `answer` may be one (never that of test).
        others: columns that are not declared may be there.
    """

    columns: dict[str, Column] = field(default_factory=dict)
    others: bool = True

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.columns:
            raise UsageError("data.gates.table.columns is empty: declare columns, or drop the gate.")


@dataclass
class Missing(Gate):
    """No feature lacks too many of its values.

    Attributes:
        most: share of the rows that may lack a value (0 to 1).
        columns: column → its own share.
    """

    most: float = 0.5
    columns: dict[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        super().__post_init__()
        share("missing.most", self.most)
        for name, most in self.columns.items():
            share(f"missing.columns.{name}", most)


@dataclass
class Burst(Gate):
    """No feature is missing in more rows one after another, in the order of ids, than chance would give.

    Attributes:
        probability: of so long a run, were values missing independently (0 to 1).
    """

    action: str = "warn"
    probability: float = 1e-6

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0 < self.probability < 1:
            raise UsageError(f"data.gates.burst.probability={self.probability}: give a probability between 0 and 1.")


@dataclass
class Constant(Gate):
    """Every feature has two values at least; one that has not teaches nothing, and does no harm."""

    action: str = "warn"


@dataclass
class Unseen(Gate):
    """Validation and test hold few names that train lacks.

    Attributes:
        most: share of a split's rows that may have such a name in a column (0 to 1).
        names: columns of more different names on train are free text, and not looked at.
    """

    most: float = 0.01
    names: int = 1000

    def __post_init__(self) -> None:
        super().__post_init__()
        share("unseen.most", self.most)
        if self.names < 1:
            raise UsageError(f"data.gates.unseen.names={self.names}: give a number of names from 1.")


@dataclass
class Balance(Gate):
    """Every class has its share of train and of validation.

    Attributes:
        least: share of the rarest class (0 to 0.5).
    """

    least: float = 0.01

    def __post_init__(self) -> None:
        super().__post_init__()
        share("balance.least", self.least, below=0.5)


@dataclass
class Contradictions(Gate):
    """Near-duplicates have one answer.

    Attributes:
        most: share of the rows of train and validation that may stand in a cluster with two answers (0 to 1).
    """

    most: float = 0.01

    def __post_init__(self) -> None:
        super().__post_init__()
        share("contradictions.most", self.most)


@dataclass
class Labels(Gate):
    """Few labels look wrong to models that have not seen them (confident learning, by cleanlab).

    Attributes:
        most: share of the labels that may look wrong (0 to 1).
        folds: of the cross-validation, by cluster.
    """

    most: float = 0.1
    folds: int = 5

    def __post_init__(self) -> None:
        super().__post_init__()
        share("labels.most", self.most)
        if self.folds < 2:
            raise UsageError(f"data.gates.labels.folds={self.folds}: give 2 or more.")


@dataclass
class Leak(Gate):
    """No feature alone tells the answer.

    Attributes:
        most: cross-validated area under the ROC curve that one feature may have (0.5 to 1).
        folds: of the cross-validation, by cluster.
    """

    most: float = 0.97
    folds: int = 5

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0.5 <= self.most <= 1:
            raise UsageError(f"data.gates.leak.most={self.most}: give an area from 0.5 to 1.")
        if self.folds < 2:
            raise UsageError(f"data.gates.leak.folds={self.folds}: give 2 or more.")


@dataclass
class Drift(Gate):
    """The features are distributed as in a reference.

    A column has drifted where its effect is above the limit and chance does not explain it.

    Attributes:
        reference: a dataset's folder, or a .parquet, .csv or .jsonl file; relative to the project's root.
        psi: the largest population stability index (0.1: little, 0.2: much).
        ks: of numbers, the largest distance of the distribution functions (0 to 1).
        cramers_v: of names, the largest association of value and data set (0 to 1).
        significance: of a column's test, after Holm's correction (0 to 1).
        auc: the largest area under the ROC curve, at its interval's lower end, of a model that tells the two sets
            apart (0.5 to 1).
        folds: of that model's cross-validation.
    """

    reference: str = ""
    psi: float = 0.2
    ks: float = 0.1
    cramers_v: float = 0.1
    significance: float = 0.01
    auc: float = 0.6
    folds: int = 5

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.reference:
            raise UsageError(
                "data.gates.drift.reference is empty: name a dataset's folder or a file, or drop the gate."
            )
        if not 0.5 <= self.auc <= 1:
            raise UsageError(f"data.gates.drift.auc={self.auc}: give an area from 0.5 to 1.")
        if self.folds < 2:
            raise UsageError(f"data.gates.drift.folds={self.folds}: give 2 or more.")
        if self.psi < 0:
            raise UsageError(f"data.gates.drift.psi={self.psi}: give 0 or more.")
        for name in ("ks", "cramers_v", "significance"):
            share(f"drift.{name}", getattr(self, name))


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
        if not self.suite:
            raise UsageError("data.gates.expectations.suite is empty: name the suite's JSON file, or drop the gate.")


@dataclass
class Gates:
    """The gates, each the file of its name in data/gates/; null: not checked.

    Attributes:
        sample: gates that fit models or compare distributions look at so many rows, always the same (rows).
        show: how many of the failing rows are kept by gate (rows).
    """

    sample: int = 20_000
    show: int = 20
    ids: Ids | None = field(default_factory=Ids)
    table: Table | None = None
    missing: Missing | None = field(default_factory=Missing)
    burst: Burst | None = field(default_factory=Burst)
    constant: Constant | None = field(default_factory=Constant)
    unseen: Unseen | None = None
    balance: Balance | None = None
    contradictions: Contradictions | None = None
    labels: Labels | None = None
    leak: Leak | None = None
    drift: Drift | None = None
    expectations: Expectations | None = None

    def __post_init__(self) -> None:
        if self.sample < 100 or self.show < 1:
            raise UsageError(f"data.gates: sample={self.sample} and show={self.show}: give 100 and 1 at least.")
