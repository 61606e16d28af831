"""What a run has seen so far; it is part of each checkpoint."""

from dataclasses import dataclass, field
from typing import Any

Entry = dict[str, Any]
"""One step: numbers by name, and `ledger`, a string."""


@dataclass
class Progress:
    """What a run has seen so far.

    Attributes:
        history: one entry per step that was done, the skipped ones included.
        events: what the watch found: step, detector, action, sentence.
        best: the best validations, the best first: metric (ties: the earlier step) and step.
        seconds: spent in training so far, those before a kill included.
        rollbacks: how often the run went back.
        before: what was measured before the first step: `general_nll`, and what the reference answers are like.
        ended: where and why the run ended before its last step: step, detector, sentence; empty: it did not.
    """

    history: list[Entry] = field(default_factory=list)
    events: list[dict[str, Any]] = field(default_factory=list)
    best: list[tuple[float, int]] = field(default_factory=list)
    seconds: float = 0.0
    rollbacks: int = 0
    before: dict[str, float] = field(default_factory=dict)
    ended: dict[str, Any] = field(default_factory=dict)

    @property
    def step(self) -> int:
        """Steps done."""
        return len(self.history)

    @property
    def ledger(self) -> str:
        """The hash of all that was seen."""
        return str(self.history[-1]["ledger"]) if self.history else ""

    def over(self, steps: int) -> bool:
        """Whether no step of `steps` is left to be done."""
        return bool(self.ended) or self.step >= steps

    def ranked(self, metric: float, step: int) -> list[tuple[float, int]]:
        """The best validation with this one among them, as a list of one; of equal ones the earlier."""
        known = [(value, at) for value, at in self.best]
        return sorted([*known, (metric, step)], key=lambda entry: (-entry[0], entry[1]))[:1]

    def back_to(self, earlier: "Progress") -> None:
        """Undoes the steps since then; what was found since, and the time that it took, stay."""
        self.history, self.best = list(earlier.history), list(earlier.best)
