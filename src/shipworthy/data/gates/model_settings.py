"""Settings of the gates that fit models on a sample of the rows."""

from dataclasses import dataclass, field

from shipworthy.core.errors import UsageError
from shipworthy.core.validation import at_least, in_range
from shipworthy.data.gates.gate import Gate


@dataclass
class Labels(Gate):
    """Few labels are suspected to be wrong by cross-validated models (confident learning, by cleanlab).

    Attributes:
        max_share: largest share of suspected labels (0 to 1).
        folds: of the cross-validation, by cluster.
    """

    max_share: float = 0.1
    folds: int = 5

    def __post_init__(self) -> None:
        super().__post_init__()
        in_range("data.gates.labels.max_share", self.max_share, 0, 1)
        at_least("data.gates.labels.folds", self.folds, 2)


@dataclass
class Leak(Gate):
    """No feature alone, nor two together, tells the answer nearly perfectly (target leakage).

    A feature is measured by the cross-validated area under the ROC curve of the class that it tells worst. It fails
    where the area is above `max_auc` and its interval's lower end above 0.97 (or `max_auc`, if that is lower), or where
    it has one value for each class, as a copy of the answer has, and the lower end is above 0.9. The same holds for the
    words of a text, for which each class has one of its own, and for a column that is filled for one class alone. Two
    features together fail above 0.9995: the strongest, and of all others those that look promising on fewer rows.
    Strong features only warn.

    Attributes:
        max_auc: largest area of one feature (0.5 to 1; 1: none fails).
        warn_auc: a feature whose interval lies above this area warns (0.5 to 1).
        known_in_advance: features that may tell the answer, for they are known when it is asked for.
        strongest: so many of the strongest features are looked at in each pair (0: no pairs at all).
        folds: of the cross-validation, by cluster.
    """

    max_auc: float = 0.99
    warn_auc: float = 0.97
    known_in_advance: list[str] = field(default_factory=list)
    strongest: int = 6
    folds: int = 5

    def __post_init__(self) -> None:
        super().__post_init__()
        in_range("data.gates.leak.max_auc", self.max_auc, 0.5, 1)
        in_range("data.gates.leak.warn_auc", self.warn_auc, 0.5, 1)
        at_least("data.gates.leak.strongest", self.strongest, 0)
        at_least("data.gates.leak.folds", self.folds, 2)


@dataclass
class Time(Gate):
    """Rows that have a time are divided by time, not at random: train would hold what comes after test."""

    action: str = "warn"


@dataclass
class Drift(Gate):
    """The features are distributed as in a reference.

    A column has drifted if its effect size is above the limit and its test is significant.

    Attributes:
        reference: a dataset's folder, or a .parquet, .csv or .jsonl file; relative to the project's root.
        psi: the largest population stability index (0.1: little, 0.2: much).
        ks: of numbers, the largest Kolmogorov-Smirnov distance of the two distributions (0 to 1).
        cramers_v: of categories, the largest Cramér's V of value and data set (0 to 1).
        significance: level of a column's test, after Holm's correction (0 to 1).
        auc: the largest area under the ROC curve, at its interval's lower end, of a classifier of reference against
            current rows (0.5 to 1).
        folds: of that classifier's cross-validation.
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
        if self.action and not self.reference:
            raise UsageError(
                "data.gates.drift.reference is empty: name a dataset's folder or a file, or drop the gate."
            )
        in_range("data.gates.drift.auc", self.auc, 0.5, 1)
        at_least("data.gates.drift.folds", self.folds, 2)
        at_least("data.gates.drift.psi", self.psi, 0)
        for name in ("ks", "cramers_v", "significance"):
            in_range(f"data.gates.drift.{name}", getattr(self, name), 0, 1)
