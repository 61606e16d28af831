"""Ablations: a campaign of the same recipe with and without each of its decisions, on several seeds."""

from collections.abc import Sequence

from shipworthy import campaigns
from shipworthy.config import compose
from shipworthy.core.errors import UsageError
from shipworthy.track.ablation.design import trainings
from shipworthy.track.ablation.schema import Ablation
from shipworthy.track.hpo.schema import Search


def ablate(overrides: Sequence[str], *, detach: bool = False, dry_run: bool = False) -> None:
    """Trains every variant on every seed, and says what each decision contributes.

    Args:
        overrides: of the recipe and of group ablation, and of Hydra's launcher; or `campaign=NAME` alone, to go on.
        detach: on Slurm: return when the workers are submitted.
        dry_run: on Slurm: print their script, and submit nothing.

    Raises:
        UsageError: an ablation that can't work.
        ShipworthyError: a worker failed at what no training could do anything about.
    """
    recipe, about_hydra = campaigns.apart(overrides)
    if campaigns.go_on(recipe, about_hydra, detach=detach, dry_run=dry_run):
        return
    config = compose(recipe)
    if not isinstance(config.ablation, Ablation):
        raise UsageError("ablation=none names no decision to take back: take ablation=lora_recipe, or your own file.")
    plan = [
        {"name": one.name, "overrides": list(one.overrides), "changed": list(one.changed)}
        for one in trainings(config.ablation, config.seed)
    ]
    settings = Search(workers=config.ablation.workers, retries=config.ablation.retries, unseen=0.0)
    campaigns.start("ablate", recipe, config, settings, about_hydra, plan=plan, detach=detach, dry_run=dry_run)
