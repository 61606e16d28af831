"""From named changes to trainings: one per variant and seed."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from itertools import combinations
from typing import Any

from shipworthy.track.ablation.schema import Ablation
from shipworthy.track.ablation.settings import settings


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


def planned(config: Ablation, recipe: Mapping[str, Any], chosen: Mapping[str, str]) -> list[dict[str, Any]]:
    """The trainings as a campaign's list of trials, with what each change alone sets.

    Args:
        recipe: its whole config.
        chosen: group → its choice in the recipe.
    """
    sets = {name: [asdict(one) for one in settings(change, recipe, chosen)] for name, change in config.changes.items()}
    return [
        {
            "name": one.name,
            "overrides": list(one.overrides),
            "changed": list(one.changed),
            "seed": one.seed,
            **({"sets": sets[one.changed[0]]} if len(one.changed) == 1 else {}),
        }
        for one in trainings(config, recipe["seed"])
    ]
