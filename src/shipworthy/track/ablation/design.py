"""From named changes to trainings: one per variant and seed."""

from dataclasses import dataclass
from itertools import combinations

from shipworthy.track.ablation.schema import Ablation


@dataclass(frozen=True)
class Training:
    """One training of an ablation.

    Attributes:
        changed: names of the changes that are made to the recipe; none: the recipe itself.
        seed: the pipeline's seed.
        overrides: what makes it of the recipe's config.
    """

    changed: tuple[str, ...]
    seed: int
    overrides: tuple[str, ...]

    @property
    def name(self) -> str:
        """Such as `recipe, seed 17` or `warmup + clip, seed 18`."""
        return f"{' + '.join(self.changed) or 'recipe'}, seed {self.seed}"


def trainings(config: Ablation, seed: int) -> list[Training]:
    """All trainings, seed by seed, so that a campaign that is ended early has whole pairs."""
    names = list(config.changes)
    sizes = range(len(names) + 1) if config.design == "factorial" else (0, 1)
    variants = [changed for size in sizes for changed in combinations(names, size)]
    return [
        Training(
            changed,
            one,
            (*(override for name in changed for override in config.changes[name]), f"seed={one}"),
        )
        for one in range(seed, seed + config.seeds)
        for changed in variants
    ]
