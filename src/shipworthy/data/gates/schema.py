"""The gates of a dataset: conditions on its rows that are checked before anything is trained on them."""

from dataclasses import dataclass, field

from shipworthy.core.errors import UsageError
from shipworthy.data.gates.model_settings import Drift, Labels, Leak
from shipworthy.data.gates.row_settings import (
    Balance,
    Constant,
    Contradictions,
    Expectations,
    Ids,
    Missing,
    MissingRuns,
    Table,
    Unseen,
)


@dataclass
class Gates:
    """The gates, each implemented by the file of its name in data/gates/; null: not checked.

    Attributes:
        sample: most rows that gates which fit models or compare distributions use, always the same ones (rows).
        show: failing rows that are kept per gate (rows).
    """

    sample: int = 20_000
    show: int = 20
    ids: Ids | None = field(default_factory=Ids)
    table: Table | None = None
    missing: Missing | None = field(default_factory=Missing)
    missing_runs: MissingRuns | None = field(default_factory=MissingRuns)
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
