"""The gates of a dataset: conditions on its rows that are checked before anything is trained on them."""

from dataclasses import dataclass, field, fields, replace
from functools import partial
from typing import Any

from shipworthy.core.errors import UsageError
from shipworthy.data.gates.gate import UNASKED, Gate
from shipworthy.data.gates.model_settings import Drift, Labels, Leak, Time
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

    A gate that is off by default is checked as soon as one of its settings is given; it is no null, for Hydra cannot
    set a key of a null.

    Attributes:
        sample: most rows that gates which fit models or compare distributions use, always the same ones (rows).
        show: failing rows that are kept per gate (rows).
    """

    sample: int = 20_000
    show: int = 20
    ids: Ids | None = field(default_factory=Ids)
    table: Table | None = field(default_factory=partial(Table, action=UNASKED))
    missing: Missing | None = field(default_factory=Missing)
    missing_runs: MissingRuns | None = field(default_factory=MissingRuns)
    constant: Constant | None = field(default_factory=Constant)
    unseen: Unseen | None = field(default_factory=partial(Unseen, action=UNASKED))
    balance: Balance | None = field(default_factory=partial(Balance, action=UNASKED))
    contradictions: Contradictions | None = field(default_factory=partial(Contradictions, action=UNASKED))
    labels: Labels | None = field(default_factory=partial(Labels, action=UNASKED))
    leak: Leak | None = field(default_factory=partial(Leak, action=UNASKED))
    time: Time | None = field(default_factory=partial(Time, action=UNASKED))
    drift: Drift | None = field(default_factory=partial(Drift, action=UNASKED))
    expectations: Expectations | None = field(default_factory=partial(Expectations, action=UNASKED))

    def __post_init__(self) -> None:
        if self.sample < 100 or self.show < 1:
            raise UsageError(f"data.gates: sample={self.sample} and show={self.show}: give 100 and 1 at least.")

    def asked(self) -> "Gates":
        """The same, with null for each gate that nobody asked for."""
        asked: dict[str, Any] = {name: gate.asked() for name, gate in self.checked.items()}
        return replace(self, **asked)

    @property
    def checked(self) -> dict[str, Gate]:
        """Name → gate of each that is no null, in the order of the fields."""
        gates = {one.name: getattr(self, one.name) for one in fields(self)}
        return {name: gate for name, gate in gates.items() if isinstance(gate, Gate)}


def gates_of_tables() -> Gates:
    """The gates of a table: leaks and times are looked for by default."""
    return Gates(leak=Leak(), time=Time())
