"""What a change sets, and what the recipe has there."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Setting:
    """A key that a change sets.

    Attributes:
        key: dotted, or a group's name.
        before: what the recipe has; empty: nothing.
        after: what the change makes it; empty: nothing.
    """

    key: str
    before: str
    after: str

    def __str__(self) -> str:
        """Such as `model.max_depth 6 → 2`."""
        return f"{self.key} {self.before or 'unset'} → {self.after or 'unset'}"


def settings(overrides: Sequence[str], recipe: Mapping[str, Any], chosen: Mapping[str, str]) -> list[Setting]:
    """What overrides set, in their order.

    Args:
        recipe: its whole config.
        chosen: group → its choice in the recipe.
    """
    found = []
    for text in overrides:
        key, _, value = text.lstrip("+~").partition("=")
        before = chosen[key] if key in chosen else _at(recipe, key.split("."))
        found.append(Setting(key, before, "" if text.startswith("~") else value))
    return found


def _at(config: Any, key: Sequence[str]) -> str:
    for name in key:
        if not isinstance(config, Mapping) or name not in config:
            return ""
        config = config[name]
    return config if isinstance(config, str) else json.dumps(config)
