"""Config of an ablation: which changes to a recipe are compared."""

from dataclasses import field

from shipworthy.core.errors import UsageError
from shipworthy.core.groups import AblationConfig
from shipworthy.core.schema import schema

DESIGNS = ("drop_one", "add_one", "factorial")
MOST_FACTORS = 6


@schema("ablation", "none")
class NoAblation(AblationConfig):
    """None."""


@schema("ablation", "recipe")
class Ablation(AblationConfig):
    """Named changes to the recipe that the rest of the config is.

    Attributes:
        design: `drop_one` (the recipe against itself without one decision), `add_one` (against itself with one more) or
            `factorial` (all combinations: each decision's effect is averaged over those of the others).
        changes: name of a decision → the overrides that take it back (`drop_one`, `factorial`) or make it (`add_one`).
        seeds: trainings of each variant, on the seeds `seed`, `seed + 1`, …: pairs of the same seed are compared.
            More of them go on with the same campaign.
        level: confidence of the intervals (0 to 1).
        workers: trainings at a time.
        retries: how often a training whose process was killed is taken up again.
    """

    design: str = "drop_one"
    changes: dict[str, list[str]] = field(default_factory=dict)
    seeds: int = 3
    level: float = 0.95
    workers: int = 1
    retries: int = 1

    def __post_init__(self) -> None:
        """Refuses what would compare nothing."""
        if self.design not in DESIGNS:
            raise UsageError(f"ablation.design={self.design} must be one of {', '.join(DESIGNS)}.")
        if not self.changes or not all(self.changes.values()):
            raise UsageError("ablation.changes must name decisions, each with its overrides: {name: [key=value]}.")
        if self.seeds < 2:
            raise UsageError(
                f"ablation.seeds={self.seeds}: one training says nothing of how much trainings differ by chance; give "
                "2 or more."
            )
        if not 0 < self.level < 1:
            raise UsageError(f"ablation.level={self.level} must be between 0 and 1.")
        if self.workers < 1 or self.retries < 0:
            raise UsageError("ablation.workers must be at least 1, and ablation.retries at least 0.")
        if self.design == "factorial" and len(self.changes) > MOST_FACTORS:
            raise UsageError(
                f"ablation.design=factorial with {len(self.changes)} changes is {2 ** len(self.changes)} variants: "
                f"name at most {MOST_FACTORS}, or take drop_one."
            )
