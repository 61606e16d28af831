"""What makes a campaign the same one: the command that is given again goes on with it, with another budget too."""

import time
from collections.abc import Mapping, Sequence
from typing import Any

from shipworthy.config.load import as_dict
from shipworthy.config.root import Config
from shipworthy.core import choices, json_lines
from shipworthy.core.errors import UsageError
from shipworthy.core.files import read_json, sha256_of_file, sha256_of_json
from shipworthy.core.identity import lock_hash
from shipworthy.core.lineage.lineage import lineage
from shipworthy.execution.campaigns.checks import dataset_of
from shipworthy.track.hpo.campaign import WINNER, Campaign
from shipworthy.track.hpo.schema import Search

WINNERS = "winners.jsonl"
"""The winners before, each of which looked at the rows that no trial saw."""
MAKING = ("task", "data", "model", "adapter", "objective", "trainer", "optimizer", "schedule", "strategy")
"""The groups that a training's result depends on."""


def identity(kind: str, config: Config, settings: Search, plan: Sequence[Mapping[str, Any]] | None) -> str:
    """What makes it another campaign: recipe, search, dataset, code; not how many trials, seeds, workers or hours."""
    search = {key: value for key, value in as_dict(settings).items() if key not in Search.non_identity}
    parts = {name: part for name, part in config.groups().items() if name in MAKING}
    recipe = {
        name: {key: value for key, value in as_dict(part).items() if key not in part.non_identity}
        for name, part in parts.items()
    }
    groups = [choices.of(key) for key in settings.space if choices.is_group(key)]
    files = {path.name: sha256_of_file(path) for group in groups for path in group.values()}
    return sha256_of_json(
        [
            kind,
            recipe,
            search,
            [one for one in plan or () if one.get("seed", config.seed) == config.seed],
            config.seed,
            dataset_of(config).digest,
            files,
            lineage("train", config.groups()).digest,
            lock_hash(),
        ]
    )


def extended(
    campaign: Campaign, settings: Search, overrides: Sequence[str], plan: Sequence[Mapping[str, Any]] | None
) -> Campaign:
    """The campaign with the budget, the workers, the retries and the seeds that it is given now.

    Raises:
        UsageError: it has begun more than it is given now.
    """
    before, now = campaign.record["settings"], as_dict(settings)
    begun = [trial["number"] for trial in campaign.trials()]
    if begun and max(begun) >= settings.budget.trials:
        given = f"hpo.budget.trials={settings.budget.trials}"
        if plan is not None:
            given = f"ablation.seeds={len({one['seed'] for one in plan})} makes {len(plan)} trainings"
        raise UsageError(
            f"{given}, but campaign {campaign.name} has begun {max(begun) + 1} already: give as many or more."
        )
    if plan is not None:  # more seeds come after those that there are
        campaign.record |= {"plan": [dict(one) for one in plan], "overrides": list(overrides)}
    elif all(before[key] == now[key] for key in Search.non_identity):
        return campaign
    campaign.record["settings"] = now
    campaign.make()
    winner = campaign.folder / WINNER
    if not campaign.over(campaign.trials()) and winner.is_file():  # there will be another one
        json_lines.append(campaign.folder / WINNERS, {"replaced": time.time(), **read_json(winner)})
        winner.unlink()
    return campaign
