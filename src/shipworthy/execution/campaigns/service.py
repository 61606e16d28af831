"""Campaigns: many trainings that belong together, chosen by a search (`tune`) or by a list (`ablate`).

A campaign is a folder in runs/campaigns/, named by the hash of what makes it, so that the same command goes on with
it. What runs is a snapshot of the code as it was when the campaign was made.
"""

import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from shipworthy.config.compose import chosen, compose, composed
from shipworthy.config.load import plain
from shipworthy.config.overrides import value_of
from shipworthy.config.root import Config
from shipworthy.core import yaml_text
from shipworthy.core.errors import ShipworthyError, UsageError
from shipworthy.core.files import write_text
from shipworthy.core.locks import reading
from shipworthy.core.progress import say
from shipworthy.core.project import project_root
from shipworthy.core.snapshot import SNAPSHOTS, Snapshot
from shipworthy.core.workspace import lock_of
from shipworthy.evaluation.tasks.schema import Task
from shipworthy.execution.campaigns.checks import (
    check_changes,
    check_dataset,
    check_ends,
    check_gpus,
    check_search,
    check_trials,
    dataset_of,
    steps_of,
)
from shipworthy.execution.campaigns.identity import extended, identity
from shipworthy.execution.campaigns.launcher import apart, launcher
from shipworthy.execution.campaigns.outcome import expect_results
from shipworthy.execution.campaigns.recipe import recipe_values
from shipworthy.execution.campaigns.supervise import Supervisor
from shipworthy.execution.executors import slurm
from shipworthy.execution.executors.local import LocalExecutor, command
from shipworthy.execution.executors.ray import RayExecutor
from shipworthy.execution.inputs import check_inputs
from shipworthy.execution.sweeps.launcher import check_processes
from shipworthy.track.ablation.design import planned
from shipworthy.track.ablation.schema import Ablation
from shipworthy.track.hpo.campaign import FOLDER, PARAMS, RECORD, Campaign
from shipworthy.track.hpo.leases import myself
from shipworthy.track.hpo.schema import Pruner, Search
from shipworthy.track.runs.project_paths import project_paths

NAMED, PLACED = "campaign=", "workspace="
WORKER = "shipworthy.execution.campaigns.serve"
TRIAL = "shipworthy.execution.campaigns.trial"


def tune(overrides: Sequence[str], *, detach: bool = False, dry_run: bool = False) -> None:
    """Searches for better values, as group hpo says; goes on with the campaign that the same config made before.

    Args:
        overrides: of the base recipe and of hpo; or `campaign=NAME` alone, to go on with that one.
        detach: on Slurm: return when the workers are submitted.
        dry_run: on Slurm: print their script, and submit nothing.

    Raises:
        UsageError: a search that can't work.
        ShipworthyError: a worker failed for a reason outside its trials, or no trial finished.
    """
    recipe, about_hydra = apart(overrides)
    if go_on(recipe, about_hydra, detach=detach, dry_run=dry_run):
        return
    config = compose(recipe)
    assert isinstance(config.hpo, Search)
    check_search(recipe, config)
    start("tune", recipe, config, config.hpo, about_hydra, detach=detach, dry_run=dry_run)


def ablate(overrides: Sequence[str], *, detach: bool = False, dry_run: bool = False) -> None:
    """Trains the recipe with and without each of its decisions, on several seeds, and says what to do about each.

    Args:
        overrides: of the recipe and of group ablation, and of Hydra's launcher; or `campaign=NAME` alone, to go on.
        detach: on Slurm: return when the workers are submitted.
        dry_run: on Slurm: print their script, and submit nothing.

    Raises:
        UsageError: an ablation that can't work.
        ShipworthyError: a worker failed for a reason outside its trainings, or no training finished.
    """
    recipe, about_hydra = apart(overrides)
    if go_on(recipe, about_hydra, detach=detach, dry_run=dry_run):
        return
    config = compose(recipe)
    if not isinstance(config.ablation, Ablation):
        raise UsageError("ablation=none names no decision to take back: take ablation=lora_recipe, or your own file.")
    check_changes(recipe, config)
    plan = planned(config.ablation, plain(composed(recipe)), chosen(recipe))
    settings = Search(workers=config.ablation.workers, retries=config.ablation.retries, unseen=0.0)
    start("ablate", recipe, config, settings, about_hydra, plan=plan, detach=detach, dry_run=dry_run)


def go_on(recipe: Sequence[str], about_hydra: Sequence[str], *, detach: bool, dry_run: bool) -> bool:
    """Goes on with the campaign that `campaign=NAME` names; whether there is such a word.

    Raises:
        UsageError: there is no such campaign, other overrides beside its name, or the dataset is another by now.
    """
    named = [text for text in recipe if text.startswith(NAMED)]
    if not named:
        return False
    places = [text for text in recipe if text.startswith(PLACED)]
    if others := [text for text in recipe if text not in (*named[:1], *places[:1])]:
        raise UsageError(f"{named[0]} goes on with what was asked for then: drop {others[0]}, or the name.")
    here = project_paths(value_of(places[0]) if places else "artifacts")
    campaign = Campaign.find(here.runs, named[0].removeprefix(NAMED))
    on_slurm = launcher(about_hydra, campaign.settings.driver, detach=detach, dry_run=dry_run)
    if not campaign.over(campaign.trials()):
        made_of = campaign.record["overrides"]
        config = compose(made_of)
        check_inputs("train", config, made_of)
        check_dataset(campaign, config)
    _go(campaign, on_slurm)
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
        config: what they compose to.
        about_hydra: `hydra/launcher=…` and its settings.
        plan: instead of a search: trials, each with `name` and `overrides`.

    Raises:
        UsageError: a campaign that can't work.
        ShipworthyError: a worker failed for a reason outside its trials.
    """
    assert isinstance(config.task, Task)
    settings = settings.measured_by(config.task.metric)
    on_slurm = launcher(about_hydra, settings.driver, detach=detach, dry_run=dry_run)
    settings = _checked(kind, overrides, config, settings, plan, on_slurm)
    snapshot = Snapshot.now()
    name = f"{kind}-{identity(kind, config, settings, plan)[:8]}"
    runs = project_paths(config.workspace).runs
    if (runs / FOLDER / name / RECORD).is_file():
        campaign = extended(Campaign.find(runs, name), settings, overrides, plan)
        if plan is not None:
            write_text(campaign.folder / PARAMS, yaml_text.dump(plain(composed(overrides))))
        _go(campaign, on_slurm)
        return campaign
    check_ends(overrides, settings)
    campaign = _new(runs / FOLDER / name, kind, overrides, config, settings, plan, snapshot)
    campaign.record["about_hydra"] = list(about_hydra)
    if on_slurm is None or not on_slurm["dry_run"]:
        snapshot.keep(project_root() / SNAPSHOTS)
        write_text(campaign.folder / PARAMS, yaml_text.dump(plain(composed(overrides))))
        campaign.make()
    try:
        _go(campaign, on_slurm)
    except ShipworthyError:
        if on_slurm is not None and not campaign.record["sweeps"]:  # nothing was submitted
            shutil.rmtree(campaign.folder, ignore_errors=True)  # a dry run has made none
        raise
    return campaign


def _checked(
    kind: str,
    overrides: Sequence[str],
    config: Config,
    settings: Search,
    plan: Sequence[Mapping[str, Any]] | None,
    on_slurm: Mapping[str, Any] | None,
) -> Search:
    """The settings, of a list of trials with its length, once nothing speaks against them.

    Raises:
        UsageError: something does.
    """
    check_inputs("train", config, overrides)
    if plan is not None:
        settings = replace(settings, space={}, pruner=Pruner(), budget=replace(settings.budget, trials=len(plan)))
    check_trials(overrides, config, settings, plan)
    check_gpus(settings, None if on_slurm is None else int(on_slurm.get("gpus_per_node") or 0))
    if on_slurm is not None:
        check_processes(on_slurm, kind, config)
    return settings


def _new(
    folder: Path,
    kind: str,
    overrides: Sequence[str],
    config: Config,
    settings: Search,
    plan: Sequence[Mapping[str, Any]] | None,
    snapshot: Snapshot,
) -> Campaign:
    """A campaign that is not on the disk yet."""
    root = project_root()
    first, last = steps_of(config)
    return Campaign.new(
        folder,
        settings,
        kind=kind,
        root=root,
        seed=config.seed,
        snapshot=root / SNAPSHOTS / snapshot.name,
        overrides=overrides,
        recipe=recipe_values(overrides, settings) if plan is None else None,
        dataset=dataset_of(config).digest,
        plan=plan,
        first_step=first,
        last_step=last,
        price_per_hour=float(getattr(config.compute, "price_per_hour", 0.0)),
        currency=str(getattr(config.compute, "currency", "")),
    )


def _go(campaign: Campaign, on_slurm: Mapping[str, Any] | None) -> None:
    """Works at a campaign, on this machine or on a cluster, until it is over, and writes its report."""
    from shipworthy.track.ablation import report as ablation
    from shipworthy.track.campaign.report import write
    from shipworthy.track.campaign.tracked import tell

    if on_slurm and on_slurm["dry_run"]:
        slurm.show(campaign, on_slurm)
        return
    _say(campaign)
    with _only_one(campaign), _inputs_kept(campaign):
        supervisor = Supervisor(
            campaign, _here(campaign) if on_slurm is None else slurm.SlurmExecutor(campaign, on_slurm)
        )
        if on_slurm and on_slurm["detach"]:
            supervisor.advance()
            return
        supervisor.supervise()
    if campaign.record["kind"] == "ablate":
        ablation.write(campaign.folder)
    say("\n" + write(campaign.folder))
    tell(campaign, compose(campaign.record["overrides"]).tracker)
    expect_results(campaign)


def _here(campaign: Campaign) -> LocalExecutor | RayExecutor:
    """What runs the campaign's workers on this machine."""
    environment = {"PYTHONPATH": str(campaign.snapshot / "src")}
    local = LocalExecutor(campaign, [*command(WORKER), str(campaign.folder)], environment)
    if campaign.settings.driver != "ray":
        return local
    return RayExecutor(local, [*command(TRIAL), str(campaign.folder)])


def _say(campaign: Campaign) -> None:
    begun = len(campaign.trials())
    going_on = f", {begun} of them begun before" if begun else ""
    say(
        f"campaign {campaign.name}: {campaign.asked_for} trials{going_on}, {campaign.settings.workers} at a time, in "
        f"{campaign.folder}"
    )


@contextmanager
def _inputs_kept(campaign: Campaign) -> Iterator[None]:
    """Inside the block nobody replaces what the trials are trained on."""
    places = [text for text in campaign.record["overrides"] if text.startswith(PLACED)]
    artifacts = campaign.runs.parent / Path(value_of(places[-1]) if places else "artifacts").name
    with reading(lock_of(artifacts / "plan")), reading(lock_of(artifacts / "dataset")):
        yield


@contextmanager
def _only_one(campaign: Campaign) -> Iterator[None]:
    """Inside the block nobody else looks after this campaign.

    Raises:
        UsageError: somebody does already.
    """
    leases = campaign.leases()
    lease = leases.take("supervisor", myself(-1))
    if lease is None:
        last = leases.last("supervisor")
        owner = last.owner() if last else {}
        raise UsageError(
            f"campaign {campaign.name} is looked after by process {owner.get('pid')} on {owner.get('host')} already: "
            "wait for it, or stop it first."
        )
    with leases.renewing([lease]):
        try:
            yield
        finally:
            lease.release()
