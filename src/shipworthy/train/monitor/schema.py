"""What is looked for while a run trains, and what is done when it is found: `trainer.monitor`."""

from dataclasses import dataclass, field, fields, replace
from typing import Any

from shipworthy.core.errors import UsageError
from shipworthy.train.monitor.detector import Detector


@dataclass
class AgainstRecent(Detector):
    """A step that is compared with those just before it.

    Attributes:
        window: steps that are compared with.
        warm_up: steps before the first judgement.
    """

    window: int = 50
    warm_up: int = 20


@dataclass
class OverSteps(Detector):
    """What lasts for many steps, so that leaving one out, or going back, would not help."""

    allowed = ("off", "warn", "stop")


@dataclass
class OverWindow(OverSteps):
    """Judged once in `window` steps, over all of them.

    Attributes:
        window: steps.
    """

    by_window = True

    window: int = 20


@dataclass
class AtValidation(Detector):
    """Judged at each validation, by what it measured."""

    allowed = ("off", "warn", "finish", "rollback", "stop")


@dataclass
class OverValidations(Detector):
    """Judged at each validation, over all of them so far."""

    allowed = ("off", "warn", "finish")


@dataclass
class NotFinite(Detector):
    """A loss or a gradient norm that is NaN or infinite."""

    allowed = ("skip", "rollback", "stop")

    action: str = "skip"


@dataclass
class Spike(AgainstRecent):
    """A loss far above those just before it.

    Attributes:
        deviations: robust standard deviations (1.4826 times the median absolute deviation) above the median.
        least: a smaller rise is none (nats).
    """

    deviations: float = 10.0
    least: float = 0.5


@dataclass
class Explosion(AgainstRecent):
    """A gradient norm far above those just before it, and above those of the first `warm_up` steps.

    Attributes:
        times: as large as the median.
    """

    action: str = "skip"
    times: float = 20.0


@dataclass
class Vanishing(OverWindow):
    """Gradients that became small while the loss did not: the window's median at the start and now.

    Attributes:
        share: of the first steps' quotient of gradient norm and loss, below which it is.
    """

    shares = ("share",)

    share: float = 0.005


@dataclass
class DeadAdapter(OverSteps):
    """A group of modules that does not learn: no gradient, or weights that do not move.

    Attributes:
        steps: for which this lasted.
        share: of the largest group's gradient norm, up to which a gradient is none.
    """

    shares = ("share",)

    action: str = "stop"
    steps: int = 10
    share: float = 1e-7


@dataclass
class Plateau(OverWindow):
    """A loss that surely fell no more; where noise hides whether it fell, nothing is said.

    Attributes:
        window: steps of a mean, which is compared with the mean before it.
        least: relative improvement of the mean loss, below which it is a plateau.
    """

    shares = ("least",)

    window: int = 200
    least: float = 0.02


@dataclass
class Divergence(Detector):
    """A loss that climbed above its level and stays there: the rate is too high.

    Attributes:
        deviations: robust standard deviations above the level before.
        rise: of the level before (or at the start), by which the loss must exceed it at least (share).
        least: by which it must exceed it at least (nats).
        steps: for which this lasts.
        window: steps before these that make the level.
    """

    allowed = ("off", "warn", "rollback", "stop")

    action: str = "rollback"
    deviations: float = 4.0
    rise: float = 0.5
    least: float = 0.5
    steps: int = 8
    window: int = 50


@dataclass
class SlowData(OverWindow):
    """Steps that wait for their batch.

    Attributes:
        share: of the window's time that is spent waiting.
    """

    shares = ("share",)

    share: float = 0.3


@dataclass
class ModeCollapse(AtValidation):
    """Generated answers that became all alike, or empty.

    Attributes:
        distinct: share of the reference answers' distinct pairs of tokens.
        length: share of the reference answers' mean length.
    """

    shares = ("distinct", "length")

    distinct: float = 0.5
    length: float = 0.3


@dataclass
class Forgetting(AtValidation):
    """General skills that are lost; the questions are those of train/general/, `off` asks none.

    They are asked before the training, at each validation, and of the selected step, of which a verdict is made.

    Attributes:
        rise: of the loss on the base model's own answers (nats per token), above which it is found at a validation.
        chance: that as many answers would become wrong by luck, below which that is found at a validation (share).
        during: questions of each skill that are asked at a validation.
        questions: of each skill, asked before and after (there are 48).
        new_tokens: of a generated answer, at most (tokens).
        margin: right answers that may be lost in the end (share; 0.05: five points).
        loss_margin: by which the loss on right answers may rise in the end (nats per token).
    """

    shares = ("chance", "margin")

    rise: float = 1.0
    chance: float = 0.01
    during: int = 4
    questions: int = 48
    new_tokens: int = 24
    margin: float = 0.05
    loss_margin: float = 0.1

    def check(self, key: str) -> None:
        """Refuses to ask more at a validation than before the training, too."""
        super().check(key)
        if self.during > self.questions:
            raise UsageError(
                f"{key}.during={self.during} is more than {key}.questions={self.questions}, and what was not asked "
                "before can't be compared: lower it."
            )


@dataclass
class Overfitting(OverValidations):
    """A loss on validation that rises, surely, while that on train falls.

    Attributes:
        validations: that show it at least, the one with the lowest loss among them.
        least: of that lowest loss, by which those after it are higher (share).
        deviations: of the noise from one validation to the next, by which they are higher.
        chance: that noise without a trend would climb so steadily (share).
    """

    shares = ("least", "chance")

    validations: int = 4
    least: float = 0.05
    deviations: float = 4.0
    chance: float = 0.05

    @property
    def earliest(self) -> int:
        """The first validation of a run at which it can be found."""
        return self.validations

    def check(self, key: str) -> None:
        """Refuses too few validations to see a trend in, too."""
        super().check(key)
        if self.validations < 4:
            raise UsageError(f"{key}.validations={self.validations} is too few to tell a trend from noise: give 4.")


@dataclass
class Patience(OverValidations):
    """Validations that brought nothing better on the task's metric: early stopping, where its action is `finish`.

    Attributes:
        validations: in a row.
        least: by how much a validation's metric must be better than the best before (in its unit; of a metric in a unit
            of its own as a share of the best).
    """

    shares = ("least",)

    action: str = "off"
    validations: int = 3
    least: float = 0.001

    @property
    def earliest(self) -> int:
        """The first validation of a run at which it can run out."""
        return self.validations + 1


@dataclass
class Rollback:
    """How a run goes back.

    Attributes:
        factor: by which the rate is multiplied (share).
        most: rollbacks, after which the run stops instead.
    """

    factor: float = 0.3
    most: int = 3


@dataclass
class Monitor:
    """The detectors, and what follows of what they find.

    Attributes:
        skips: steps skipped in a row, after which it is not the batch: the run goes back, or stops where its numbers
            are not finite.
    """

    not_finite: NotFinite = field(default_factory=NotFinite)
    spike: Spike = field(default_factory=Spike)
    explosion: Explosion = field(default_factory=Explosion)
    divergence: Divergence = field(default_factory=Divergence)
    vanishing: Vanishing = field(default_factory=Vanishing)
    dead_adapter: DeadAdapter = field(default_factory=DeadAdapter)
    plateau: Plateau = field(default_factory=Plateau)
    slow_data: SlowData = field(default_factory=SlowData)
    mode_collapse: ModeCollapse = field(default_factory=ModeCollapse)
    forgetting: Forgetting = field(default_factory=Forgetting)
    overfitting: Overfitting = field(default_factory=Overfitting)
    patience: Patience = field(default_factory=Patience)
    rollback: Rollback = field(default_factory=Rollback)
    skips: int = 5

    def without_end(self) -> "Monitor":
        """The same for a run that makes all its steps, however its validations look."""
        changed: dict[str, Any] = {"patience": Patience()}
        for name in ("mode_collapse", "forgetting", "overfitting"):
            detector: Detector = getattr(self, name)
            changed[name] = replace(detector, action="warn") if detector.action == "finish" else detector
        return replace(self, **changed)

    def __post_init__(self) -> None:
        for f in fields(self):
            if isinstance(detector := getattr(self, f.name), Detector):
                detector.check(f"trainer.monitor.{f.name}")
        if not 0 < self.rollback.factor < 1:
            raise UsageError(f"trainer.monitor.rollback.factor={self.rollback.factor} must be between 0 and 1.")
        if self.skips < 1 or self.rollback.most < 1:
            raise UsageError("trainer.monitor: skips and rollback.most must be at least 1.")
