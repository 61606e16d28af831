"""What a run has seen so far; it is part of each checkpoint."""

from dataclasses import dataclass, field
from math import isnan
from typing import Any

Entry = dict[str, Any]
"""One step: numbers by name, and `ledger`, a string."""


@dataclass
class Progress:
    """What a run has seen so far.

    Attributes:
        history: one entry per step that was done, the skipped ones included.
        events: what the monitor found: step, detector, action, sentence.
        best: metric and step of the best validation (of equals the earliest; None before the first).
        seconds: spent in training so far, those before a kill included.
        rollbacks: how often the run went back.
        ended: where and why the run ended before its last step: step, detector, sentence; empty: it did not.
    """

    history: list[Entry] = field(default_factory=list)
    events: list[dict[str, Any]] = field(default_factory=list)
    best: tuple[float, int] | None = None
    seconds: float = 0.0
    rollbacks: int = 0
    ended: dict[str, Any] = field(default_factory=dict)

    @property
    def step(self) -> int:
        """Steps done."""
        return len(self.history)

    @property
    def ledger(self) -> str:
        """The hash of all that was seen."""
        return str(self.history[-1]["ledger"]) if self.history else ""

    def is_finished(self, steps: int) -> bool:
        """Whether no step of `steps` is left to be done."""
        return bool(self.ended) or self.step >= steps

    def note_validation(self, metric: float, step: int, *, greater_is_better: bool) -> bool:
        """Whether this validation is the best so far; it is noted then. What is no number is worse than any."""
        if self.best is None or isnan(self.best[0]):
            is_best = self.best is None or not isnan(metric)
        else:
            is_best = metric > self.best[0] if greater_is_better else metric < self.best[0]
        if is_best:
            self.best = (metric, step)
        return is_best

    def rewind_to(self, earlier: "Progress") -> None:
        """Undoes the steps since then; what was found since, and the time that it took, stay."""
        self.history, self.best = list(earlier.history), earlier.best
