"""What can be known of a campaign before it begins: that its keys exist, and that every end of its space composes."""

import copy
import shlex
from collections.abc import Mapping, Sequence
from typing import Any

from omegaconf import OmegaConf

from shipworthy.config.compose import compose, composed
from shipworthy.config.keys import is_known, nearest
from shipworthy.config.load import load
from shipworthy.config.root import Config
from shipworthy.core.artifact import Artifact, read_artifact
from shipworthy.core.choices import is_group
from shipworthy.core.errors import UsageError
from shipworthy.core.gpus import driver
from shipworthy.core.progress import track
from shipworthy.core.project import project_root
from shipworthy.models.dataset import seen, split, unseen
from shipworthy.stages import train
from shipworthy.track.ablation.schema import Ablation
from shipworthy.track.hpo.campaign import Campaign
from shipworthy.track.hpo.schema import Search
from shipworthy.track.hpo.space import Params, corners, overrides, parse
from shipworthy.track.hpo.study import pruner

OURS = {
    "validation_share": "hpo.unseen says which share of the validation rows no trial sees",
    "resume": "a trial goes on wherever it can",
    "sample": "a sample's run hands nothing over that could be compared",
}
"""What a campaign sets itself."""
ROWS = ("trainer.validation_rows",)
"""What changes which rows a trial is judged by."""


def check_search(recipe: Sequence[str], config: Config) -> None:
    """Refuses a space with keys that there are not, or that no training reads, and a pruner without effect.

    Raises:
        UsageError: with the key, and what to do.
    """
    search = config.hpo
    assert isinstance(search, Search)
    if not search.space:
        raise UsageError("hpo.space is empty, so there is nothing to search: take hpo=lora or another of conf/hpo.")
    if search.budget.trials < 2:
        raise UsageError("hpo.budget.trials=1 would run the recipe alone, which is the first trial: give 2 or more.")
    parts = config.groups()
    for key in search.space:
        if key in ROWS:
            raise UsageError(f"hpo.space: {key} changes the rows that trials are compared on: drop it.")
        group = key.partition(".")[0]
        if not is_group(key) and not is_known(key):
            raise UsageError(f"hpo.space: there is no {key}: {nearest(key)}")
        if not _is_read(key):
            raise UsageError(f"hpo.space: {key} has no effect on a training: drop it.")
        if group in parts and key.removeprefix(f"{group}.") in parts[group].non_identity:
            raise UsageError(f"hpo.space: {key} makes no other run, so there is nothing to choose: drop it.")
        if any(text.partition("=")[0] == key for text in recipe):
            raise UsageError(f"{key} is in hpo.space, and given: drop one of them.")
    first, last = steps_of(config)
    if search.pruner.name != "none" and first is not None and last is not None and first >= last:
        raise UsageError(
            f"hpo.pruner.name={search.pruner.name}, but a trial's first validation is at step {first} of {last}, so "
            "none could be ended early: validate more often, or set hpo.pruner.name=none."
        )
    pruner(search.pruner, first, last)


def check_changes(recipe: Sequence[str], config: Config) -> None:
    """Refuses changes of an ablation that no training could feel.

    Args:
        config: what the recipe composes to.

    Raises:
        UsageError: with the change, and why.
    """
    assert isinstance(config.ablation, Ablation)
    for name, change in config.ablation.changes.items():
        what = f"ablation.changes.{name}: {' '.join(change)}"
        if not any(_is_read(text.lstrip("+~").partition("=")[0]) for text in change):
            raise UsageError(f"{what} has no effect on a training: change what a training reads.")
        try:
            changed = compose([*recipe, *change])
        except UsageError as error:
            raise UsageError(f"ablation.changes.{name}: {error}") from error
        if changed == config:
            raise UsageError(f"{what} is what the recipe has already, so it changes nothing: give another value.")


def _is_read(key: str) -> bool:
    """Whether a training's result may depend on a key."""
    return key.partition(".")[0] in train.run.__annotations__ and key not in train.NON_IDENTITY


def check_ends(recipe: Sequence[str], search: Search) -> None:
    """Refuses a space of which an end does not compose.

    Raises:
        UsageError: with the end, and what is wrong with it.
    """
    points, plain = list(corners(parse(search.space))), OmegaConf.to_container(composed(recipe), resolve=True)
    for one, params in track(points, "ends of the space, composed", len(points)):
        try:
            _try(recipe, plain, params)
        except UsageError as error:
            raise UsageError(f"hpo.space: {one.key}, with {' '.join(overrides(params))}: {error}") from error


def _try(recipe: Sequence[str], plain: Any, params: Params) -> None:
    """Composes a point of the space: by Hydra where it chooses groups, else, much quicker, by setting its values."""
    if any(is_group(key) for key in params):
        compose([*recipe, *overrides(params)])
        return
    config = copy.deepcopy(plain)
    for key, value in params.items():
        *above, last = key.split(".")
        place = config
        for name in above:
            place = place.setdefault(name, {})
        place[last] = value
    load(config)


def check_trials(
    recipe: Sequence[str], config: Config, settings: Search, plan: Sequence[Mapping[str, Any]] | None
) -> None:
    """Refuses what no trial could be made of.

    Raises:
        UsageError: an override that a campaign sets itself, an empty share of rows, a limit without an effect, or a
            planned trial that does not compose.
        ArtifactError: there is no dataset.
    """
    for text in recipe:
        if (key := text.lstrip("+~").partition("=")[0]) in OURS:
            raise UsageError(f"{text} can't be given to a campaign: drop it; {OURS[key]}.")
    if config.preflight == "only":
        raise UsageError("preflight=only makes no run, so there is nothing to compare: drop it.")
    rows, share = split(dataset_of(config), "validation"), 1 - settings.unseen
    if not len(seen(rows, share)) or (share < 1 and not len(unseen(rows, share))):
        raise UsageError(
            f"hpo.unseen={settings.unseen:g} of {len(rows)} validation rows leaves none on one side: choose another "
            "share, or prepare more rows."
        )
    if settings.budget.money and not getattr(config.compute, "price_per_hour", 0.0):
        raise UsageError("hpo.budget.money has no effect where compute.price_per_hour is 0: set it, or drop the limit.")
    for one in plan or ():
        try:
            compose([*recipe, *one["overrides"]])
        except UsageError as error:
            raise UsageError(f"{one['name']}: {error}") from error


def check_gpus(settings: Search, gpus: int | None) -> None:
    """Refuses a limit of GPU-hours where no worker holds a GPU.

    Args:
        gpus: of a worker on a cluster (None: of this machine).
    """
    if not settings.budget.gpu_hours:
        return
    if gpus is None:
        found = driver()
        gpus = len(found.gpus) if found else 0
    if not gpus:
        raise UsageError("hpo.budget.gpu_hours has no effect where workers hold no GPU: limit hours or money.")


def check_dataset(campaign: Campaign, config: Config) -> None:
    """Refuses to go on with a campaign on other rows than its trials had: they could not be compared.

    Raises:
        UsageError: the dataset is another one by now.
    """
    before = campaign.record.get("dataset")
    if before and before != dataset_of(config).digest:
        words = shlex.join([campaign.record["kind"], *campaign.record["overrides"]])
        raise UsageError(
            f"campaign {campaign.name} was begun on another dataset than {config.workspace}/dataset is now, so its "
            f"trials could not be compared: begin a new one with `shipworthy {words}`, or prepare the old dataset."
        )


def steps_of(config: Config) -> tuple[int | None, int | None]:
    """The steps of a trial's first validation and of its end, where its config says them."""
    first, last = getattr(config.trainer, "validate_every", None), getattr(config.trainer, "steps", None)
    if last is None and (rounds := getattr(config.model, "rounds", None)) is not None:
        from shipworthy.train.classical.fit import VALIDATE_EVERY

        return min(VALIDATE_EVERY, rounds), rounds
    if last is None:
        return None, None
    return first, int(last)


def dataset_of(config: Config) -> Artifact:
    """What the trials will be trained on.

    Raises:
        ArtifactError: there is none, or it is damaged.
    """
    return read_artifact(project_root() / config.workspace / "dataset", "dataset")
