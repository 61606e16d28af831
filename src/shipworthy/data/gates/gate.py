"""What the settings of every gate have in common."""

from dataclasses import MISSING, dataclass, fields, replace
from typing import Self

from shipworthy.core.validation import one_of

ACTIONS = ("fail", "warn")
UNASKED = ""


@dataclass
class Gate:
    """What every gate has.

    Attributes:
        action: what follows where the gate does not hold: fail (no dataset is made) or warn; empty: nobody asked for
            the gate, so it is checked only if another of its settings is given.
    """

    action: str = "fail"

    def __post_init__(self) -> None:
        one_of(f"data.gates: {type(self).__name__} has action", self.action, (*ACTIONS, UNASKED))

    def asked(self) -> Self | None:
        """The gate with its action, or None where nobody asked for it."""
        if self.action != UNASKED:
            return self
        if self == type(self)(action=UNASKED):
            return None
        (default,) = (one.default for one in fields(self) if one.name == "action")
        assert default is not MISSING
        return replace(self, action=default)
