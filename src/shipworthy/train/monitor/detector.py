"""What the settings of all detectors have in common."""

from dataclasses import dataclass, fields
from typing import ClassVar

from shipworthy.core.errors import UsageError

ACTIONS = ("off", "warn", "skip", "finish", "rollback", "stop")
WHY_NOT = {
    "off": "weights that are not finite can't be trained on",
    "warn": "weights that are not finite can't be trained on",
    "skip": "it lies not in one batch, so the next step would be as the skipped one, or the step is done already",
    "finish": "it is judged between validations, and a run ends well at a validation",
    "rollback": "the same steps at a lower rate would end there again",
    "stop": "nothing is broken, and finish ends the run as well, with its best adapter as the result",
}


@dataclass
class Detector:
    """What all detectors have.

    Attributes:
        action: off, warn (once, when it begins), skip (the optimizer step), finish (end the run here, with its best
            validated adapter as the result), rollback (to a checkpoint from before it began, at a lower rate) or stop;
            each detector knows which of them make sense.
    """

    allowed: ClassVar[tuple[str, ...]] = ACTIONS
    shares: ClassVar[tuple[str, ...]] = ()
    """Fields that are shares, from above 0 to below 1."""
    by_window: ClassVar[bool] = False
    """Judged once in `window` steps instead of at each."""

    action: str = "warn"

    @property
    def stride(self) -> int:
        """Steps from one judgement to the next."""
        return int(getattr(self, "window", 1)) if self.by_window else 1

    def check(self, key: str) -> None:
        """Refuses, naming `key`, what can't work.

        Raises:
            UsageError: an action that is unknown or makes no sense here, a threshold out of its range, or one that was
                set although nothing is looked for.
        """
        if self.action not in self.allowed:
            why = f": {WHY_NOT[self.action]}" if self.action in ACTIONS else ""
            raise UsageError(
                f"{key}.action={self.action} is not possible{why}; choose one of {', '.join(self.allowed)}."
            )
        for name, default in ((f.name, f.default) for f in fields(self) if f.name != "action"):
            value = getattr(self, name)
            if self.action == "off" and value != default:
                others = " or ".join(action for action in self.allowed if action != "off")
                raise UsageError(
                    f"{key}.{name}={value} has no effect while {key}.action=off: choose {others} there, or leave this "
                    "out."
                )
            if value <= 0 or (name in self.shares and value >= 1):
                between = "between 0 and 1" if name in self.shares else "above 0"
                raise UsageError(f"{key}.{name}={value} must be {between}.")
