"""Campaigns: many trainings that belong together, chosen by a search (`tune`) or by a list (`ablate`).

A campaign is a folder in runs/campaigns/, named by the hash of what makes it, so that the same command goes on with
it. What runs is a snapshot of the code as it stood when the campaign was made.
"""

import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from omegaconf import OmegaConf

from shipworthy import fleet
from shipworthy.config import Config, as_dict, compose, composed
from shipworthy.core.errors import ShipworthyError, UsageError
from shipworthy.core.files import sha256_of_file, sha256_of_json, write_text
from shipworthy.core.identity import lock_hash, source_hash
from shipworthy.core.progress import say
from shipworthy.core.project import code_root, project_root
from shipworthy.core.snapshot import SNAPSHOTS, Snapshot
from shipworthy.launch.settings import SlurmSettings, refuse
from shipworthy.recipe import check_ends, check_gpus, check_search, check_trials, dataset_of, is_group, steps_of
from shipworthy.sweeps import check_processes, chosen
from shipworthy.track.hpo import ray
from shipworthy.track.hpo.campaign import FOLDER, PARAMS, RECORD, WINNER, Campaign
from shipworthy.track.hpo.claims import Claims, myself
from shipworthy.track.hpo.local import Crew, command
from shipworthy.track.hpo.schema import Pruner, Search
from shipworthy.track.runs.project_paths import project_paths

NAMED, PLACED = "campaign=", "workspace="
MAKING = ("task", "data", "model", "adapter", "trainer", "optimizer")
"""The groups that a training's result depends on."""


def tune(overrides: Sequence[str], *, detach: bool = False, dry_run: bool = False) -> None:
    """Searches for better values, as group hpo says; goes on with the campaign that the same config made before.

    Args:
        overrides: of the base recipe and of hpo; or `campaign=NAME` alone, to go on with that one.
        detach: on Slurm: return when the workers are submitted.
        dry_run: on Slurm: print their script, and submit nothing.

    Raises:
        UsageError: a search that can't work.
        ShipworthyError: a worker failed at what no trial could do anything about.
    """
    recipe, about_hydra = apart(overrides)
    if go_on(recipe, about_hydra, detach=detach, dry_run=dry_run):
        return
    config = compose(recipe)
    assert isinstance(config.hpo, Search)
    check_search(recipe, config)
    start("tune", recipe, config, config.hpo, about_hydra, detach=detach, dry_run=dry_run)


def apart(overrides: Sequence[str]) -> tuple[list[str], list[str]]:
    """The recipe's overrides, and those of Hydra's launcher."""
    about_hydra = [text for text in overrides if text.lstrip("+~").startswith(("hydra.", "hydra/"))]
    return [text for text in overrides if text not in about_hydra], about_hydra


def go_on(recipe: Sequence[str], about_hydra: Sequence[str], *, detach: bool, dry_run: bool) -> bool:
    """Goes on with the campaign that `campaign=NAME` names; whether there is such a word.

    Raises:
        UsageError: there is no such campaign, or other overrides beside its name.
    """
    named = [text for text in recipe if text.startswith(NAMED)]
    if not named:
        return False
    places = [text for text in recipe if text.startswith(PLACED)]
    if others := [text for text in recipe if text not in (*named[:1], *places[:1])]:
        raise UsageError(f"{named[0]} goes on with what was asked for then: drop {others[0]}, or the name.")
    here = project_paths(places[0].removeprefix(PLACED) if places else "artifacts")
    campaign = Campaign.find(here.runs, named[0].removeprefix(NAMED))
    _go(campaign, _launcher(about_hydra, campaign.settings.driver, detach=detach, dry_run=dry_run))
    return True


def start(
    kind: str,
    overrides: Sequence[str],
    config: Config,
    settings: Search,
    about_hydra: Sequence[str] = (),
    *,
    plan: Sequence[Mapping[str, Any]] | None = None,
    detach: bool = False,
    dry_run: bool = False,
) -> Campaign:
    """Makes a campaign, or finds it, and works at it until it is over.

    Args:
        kind: `tune` or `ablate`.
        overrides: of the base recipe, without Hydra's own.
        road: what they compose to.
        about_hydra: `hydra/launcher=…` and its settings.
        plan: instead of a search: trials, each with `name` and `overrides`.

    Raises:
        UsageError: a campaign that can't work.
        ShipworthyError: a worker failed at what no trial could do anything about.
    """
    launcher = _launcher(about_hydra, settings.driver, detach=detach, dry_run=dry_run)
    if plan is not None:
        budget = replace(settings.budget, trials=len(plan))
        settings = replace(settings, space={}, pruner=Pruner(), budget=budget)
    check_trials(overrides, config, settings, plan)
    check_gpus(settings, None if launcher is None else int(launcher.get("gpus_per_node") or 0))
    if launcher is not None:
        check_processes(launcher, kind, config)
    root, snapshot = project_root(), Snapshot.now()
    name = f"{kind}-{_identity(kind, config, settings, plan)[:8]}"
    runs = project_paths(config.workspace).runs
    if (runs / FOLDER / name / RECORD).is_file():
        campaign = _extended(Campaign.find(runs, name), settings)
        _go(campaign, launcher)
        return campaign
    check_ends(overrides, settings)
    first, last = steps_of(config)
    campaign = Campaign.new(
        runs / FOLDER / name,
        settings,
        kind=kind,
        root=root,
        seed=config.seed,
        snapshot=root / SNAPSHOTS / snapshot.name,
        overrides=overrides,
        plan=plan,
        first_step=first,
        last_step=last,
        price_per_hour=float(getattr(config.compute, "price_per_hour", 0.0)),
        currency=str(getattr(config.compute, "currency", "")),
    )
    if launcher is None or not launcher["dry_run"]:
        snapshot.keep(root / SNAPSHOTS)
        write_text(campaign.folder / PARAMS, OmegaConf.to_yaml(composed(overrides), resolve=True))
        campaign.make()
    try:
        _go(campaign, launcher)
    except ShipworthyError:
        if launcher is not None and not campaign.record["sweeps"]:  # nothing was submitted
            shutil.rmtree(campaign.folder, ignore_errors=True)  # a dry run has made none
        raise
    return campaign


def _identity(kind: str, config: Config, settings: Search, plan: Sequence[Mapping[str, Any]] | None) -> str:
    """What makes it another campaign: recipe, search, dataset, code; not how many trials, workers or hours."""
    search = {key: value for key, value in as_dict(settings).items() if key not in Search.non_identity}
    parts = {name: part for name, part in config.groups().items() if name in MAKING}
    recipe = {
        name: {key: value for key, value in as_dict(part).items() if key not in part.non_identity}
        for name, part in parts.items()
    }
    groups = [code_root() / "conf" / key for key in settings.space if is_group(key)]
    files = {path.name: sha256_of_file(path) for group in groups for path in sorted(group.glob("*.yaml"))}
    return sha256_of_json(
        [
            kind,
            recipe,
            search,
            list(plan or ()),
            config.seed,
            dataset_of(config).digest,
            files,
            source_hash(),
            lock_hash(),
        ]
    )


def _extended(campaign: Campaign, settings: Search) -> Campaign:
    """The campaign with the budget, the workers and the patience that it is given now."""
    before, now = campaign.record["settings"], as_dict(settings)
    if all(before[key] == now[key] for key in Search.non_identity):
        return campaign
    begun = [trial["number"] for trial in campaign.trials()]
    if begun and max(begun) >= settings.budget.trials:
        raise UsageError(
            f"hpo.budget.trials={settings.budget.trials}, but campaign {campaign.name} has begun {max(begun) + 1} "
            "already: give as many or more."
        )
    campaign.record["settings"] = now
    campaign.make()
    if not campaign.over(campaign.trials()):  # there will be another winner
        (campaign.folder / WINNER).unlink(missing_ok=True)
    return campaign


def _launcher(about_hydra: Sequence[str], driver: str, *, detach: bool, dry_run: bool) -> dict[str, Any] | None:
    """What Slurm is asked for; None: the workers are processes of this machine.

    Raises:
        UsageError: options without an effect, or no such launcher.
        ShipworthyError: the campaign's driver is Ray, which is not built.
    """
    launcher = chosen(about_hydra).launcher if about_hydra else None
    if launcher is None or launcher._target_ != SlurmSettings._target_:
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
    settings = OmegaConf.to_container(launcher, resolve=True)
    assert isinstance(settings, dict)
    found = {str(key): value for key, value in settings.items() if key != "_target_" and value is not None}
    refuse(found)
    return {**found, "detach": detach, "dry_run": dry_run}


def _go(campaign: Campaign, launcher: dict[str, Any] | None) -> None:
    """Works at a campaign, on this machine or on a cluster, until it is over, and writes its report."""
    from shipworthy.track.ablation import report as ablation
    from shipworthy.track.campaign.report import write

    if launcher and launcher["dry_run"]:
        fleet.show(campaign, launcher)
        return
    _say(campaign)
    with _only_one(campaign):
        if launcher is None:
            environment = {"PYTHONPATH": str(Path(campaign.record["snapshot"]) / "src")}
            crew = Crew(campaign, [*command("worker"), str(campaign.folder)], environment)
            trial = [*command("trial"), str(campaign.folder)]
            (ray.Ray(crew, trial) if campaign.settings.driver == "ray" else crew).supervise()
        else:
            fleet.submit(campaign, launcher)
            if launcher["detach"]:
                return
            fleet.follow(campaign)
    if campaign.record["kind"] == "ablate":
        ablation.write(campaign.folder)
    say("\n" + write(campaign.folder))


def _say(campaign: Campaign) -> None:
    begun = len(campaign.trials())
    going_on = f", {begun} of them begun before" if begun else ""
    say(
        f"campaign {campaign.name}: {campaign.asked_for} trials{going_on}, {campaign.settings.workers} at a time, in "
        f"{campaign.folder}"
    )


@contextmanager
def _only_one(campaign: Campaign) -> Iterator[None]:
    """Inside the block nobody else looks after this campaign.

    Raises:
        UsageError: somebody does already.
    """
    claims = Claims(campaign.folder / "claims", campaign.settings.lease_s)
    claim = claims.take("supervisor", myself(-1))
    if claim is None:
        last = claims.last("supervisor")
        owner = last.owner() if last else {}
        raise UsageError(
            f"campaign {campaign.name} is looked after by process {owner.get('pid')} on {owner.get('host')} already: "
            "wait for it, or stop it first."
        )
    with claims.beating([claim]):
        try:
            yield
        finally:
            claim.end()
