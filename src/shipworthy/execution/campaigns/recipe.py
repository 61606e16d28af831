"""The recipe itself as a point of the space: the values that its own config has where the search chooses others."""

from collections.abc import Sequence

from omegaconf import OmegaConf

from shipworthy.config.compose import composed
from shipworthy.core.choices import is_group
from shipworthy.track.hpo.schema import Search
from shipworthy.track.hpo.space import Params, parse

NOT_THERE = object()


def recipe_values(recipe: Sequence[str], search: Search) -> Params:
    """Key of the space → the recipe's own value; without keys that have no meaning beside the others, or no one value.

    They may lie outside the space.
    """
    config = composed(recipe, with_hydra=True)
    chosen = config.hydra.runtime.choices
    found: Params = {}
    for one in parse(search.space):
        value = chosen.get(one.key) if is_group(one.key) else OmegaConf.select(config, one.key, default=NOT_THERE)
        if one.active(found) and (value is None or isinstance(value, bool | int | float | str)):
            found[one.key] = value
    return found
