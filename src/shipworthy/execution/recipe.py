"""What a run changed of the recipe that it was launched from: for its record, so that lists can say it."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from functools import lru_cache
from typing import Any

from shipworthy.config.compose import compose
from shipworthy.core.choices import is_group
from shipworthy.core.errors import UsageError
from shipworthy.track.trackers.flat import flat

EXPERIMENT = "experiment"
UNTOLD = ("workspace", "note", "resume", "preflight", "tracker", "compute", "network")
"""Parts of the config that say nothing of what was tried."""
NOTHING = object()


def recipe(overrides: Sequence[str], config: Mapping[str, Any], *, trial: bool = False) -> dict[str, Any]:
    """`name`, the experiment that was named (empty: none), `overrides`, and `changes`, dotted key → before, after.

    Args:
        overrides: what the command line gave; of a campaign's trial, what the campaign's gave.
        config: the run's, part by part, as plain containers.
        trial: whether all of the overrides belong to the recipe, so that only what the trial varies is a change.
    """
    kept = [text for text in overrides if text.partition("=")[0] not in ("workspace", "note", "resume", "preflight")]
    given = dict(text.split("=", 1) for text in overrides if "=" in text)
    choices = {key: choice for key, choice in given.items() if is_group(key) and key not in UNTOLD}
    name = choices.pop(EXPERIMENT, "")
    told = {} if trial else {group: [None, choice] for group, choice in choices.items()}
    if not trial and all(is_group(key) or key.partition(".")[0] in UNTOLD for key in given):
        return {"name": name, "overrides": kept, "changes": told}
    own = overrides if trial else [text for text in overrides if is_group(text.partition("=")[0])]
    try:
        base = _composed(tuple(own))
    except UsageError:  # it can't stand without what was changed
        values = flat(config)
        return {
            "name": name,
            "overrides": kept,
            "changes": told | {key: [None, values[key]] for key in given if key in values},
        }
    return {
        "name": name,
        "overrides": kept,
        "changes": told | _changes(flat({key: base.get(key) for key in config}), flat(config)),
    }


def _changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, list[Any]]:
    keys = [key for key in after if key.partition(".")[0] not in UNTOLD]
    return {key: [before.get(key), after[key]] for key in keys if before.get(key, NOTHING) != after[key]}


@lru_cache(maxsize=8)
def _composed(overrides: tuple[str, ...]) -> dict[str, Any]:
    return asdict(compose(overrides))
