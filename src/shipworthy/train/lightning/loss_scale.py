"""By what the loss is multiplied, so that float16 can hold its gradients (Micikevicius et al. 2018).

The rule and its numbers are those of torch's GradScaler: halved where a gradient overflows, whose step is left out, and
doubled after many steps without one. It stands here because gradients are summed over packs and processes by ourselves,
and because a run that goes on needs its state.
"""

from dataclasses import dataclass
from math import isfinite

STEPS = 2000
"""Without an overflow, after which the scale is doubled."""


@dataclass
class LossScale:
    """The scale, and how it changes.

    Attributes:
        value: a power of two, so that it changes no bit of a gradient that float16 holds.
        moves: whether it changes.
        steps: since it changed.
    """

    value: float
    moves: bool
    steps: int = 0

    def is_too_large(self, loss: float, norm: float) -> bool:
        """Whether the gradients overflowed, and a smaller scale may help: the loss itself is finite.

        Args:
            norm: of all gradients.
        """
        return self.moves and self.value > 1.0 and isfinite(loss) and not isfinite(norm)

    def update(self, overflow: bool) -> None:
        """Takes note of a step."""
        self.steps += 1
        if overflow:
            self.value, self.steps = self.value / 2, 0
        elif self.moves and self.steps == STEPS:
            self.value, self.steps = self.value * 2, 0
