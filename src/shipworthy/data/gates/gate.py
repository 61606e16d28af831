"""What the settings of every gate have in common."""

from dataclasses import dataclass

from shipworthy.core.validation import one_of

ACTIONS = ("fail", "warn")


@dataclass
class Gate:
    """What every gate has.

    Attributes:
        action: what follows where the gate does not hold: fail (no dataset is made) or warn.
    """

    action: str = "fail"

    def __post_init__(self) -> None:
        one_of(f"data.gates: {type(self).__name__} has action", self.action, ACTIONS)
