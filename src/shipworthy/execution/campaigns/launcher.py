"""Where a campaign's workers run, as the overrides of Hydra's launcher say it."""

from collections.abc import Sequence
from typing import Any

from omegaconf import OmegaConf

from shipworthy.core.errors import UsageError
from shipworthy.execution.executors import ray
from shipworthy.execution.sweeps.sweep import chosen
from shipworthy.launch.settings import SlurmSettings, refuse


def apart(overrides: Sequence[str]) -> tuple[list[str], list[str]]:
    """The recipe's overrides, and those of Hydra's launcher."""
    about_hydra = [text for text in overrides if text.lstrip("+~").startswith(("hydra.", "hydra/"))]
    return [text for text in overrides if text not in about_hydra], about_hydra


def launcher(about_hydra: Sequence[str], driver: str, *, detach: bool, dry_run: bool) -> dict[str, Any] | None:
    """What Slurm is asked for; None: the workers are processes of this machine.

    Args:
        about_hydra: `hydra/launcher=…` and its settings.
        driver: the campaign's, `optuna` or `ray`.

    Raises:
        UsageError: options without an effect, or no such launcher.
        ShipworthyError: the campaign's driver is Ray, which is not built.
    """
    found = chosen(about_hydra).launcher if about_hydra else None
    if found is None or found._target_ != SlurmSettings._target_:
        if detach or dry_run:
            option = "--detach" if detach else "--dry-run"
            raise UsageError(f"{option} is for jobs on a cluster: add hydra/launcher=slurm_cpu, or another of them.")
        if about_hydra:
            raise UsageError(
                f"{about_hydra[0]} has no effect on a campaign of this machine: hpo.workers says how many."
            )
        if driver == "ray":
            ray.locate()
        return None
    if driver == "ray":
        raise UsageError(f"hpo.driver=ray works on this machine: drop {about_hydra[0]}, or set hpo.driver=optuna.")
    if detach and dry_run:
        raise UsageError("--detach and --dry-run exclude each other: drop one of them.")
    container = OmegaConf.to_container(found, resolve=True)
    assert isinstance(container, dict)
    settings = {str(key): value for key, value in container.items() if key != "_target_" and value is not None}
    refuse(settings)
    return {**settings, "detach": detach, "dry_run": dry_run}
