"""Every number of every schema is finite and not below 0, or is listed here."""

from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from typing import Any, get_args, get_type_hints

import pytest
from omegaconf.errors import OmegaConfBaseException

from shipworthy.config.compose import register
from shipworthy.config.keys import schema_keys
from shipworthy.core.errors import UsageError
from shipworthy.core.schema import MISSING, SCHEMAS, from_plain, kinds_of
from shipworthy.core.value_types import at, bare, parts_of

register()
MAY_BE_NEGATIVE: set[str] = set()
"""Key → why a number below 0 has a meaning there: none so far."""
NUMBERS = (int, float)
GIVEN = {"template": "{x}", "prompt": "{x}", "baselines": ["majority"], "changes": {"a": ["seed=1"]}}
"""What fields without a default, and those of which one must be given, are given."""


def least(cls: Any, key: str, value: Any) -> dict[str, Any]:
    """The fewest values that make a schema of which `key` has this value."""
    made: dict[str, Any] = {}
    name, _, rest = key.partition(".")
    for one in fields(cls):
        kinds = kinds_of(one)
        if one.name == name:
            if kinds and rest:
                kind = next(kind for kind, part in kinds.items() if rest in schema_keys(part))
                made[name] = {"kind": kind, **least(kinds[kind], rest, value)}
            elif rest:
                made[name] = least(bare(get_type_hints(cls)[name]), rest, value)
            else:
                made[name] = value
        elif one.default == MISSING or one.name in ("prompt", "changes"):
            hint = get_type_hints(cls)[one.name]
            if kinds:
                kind, part = next(iter(kinds.items()))
                made[one.name] = {"kind": kind, **least(part, "", None)}
            elif is_dataclass(hint):
                made[one.name] = least(hint, "", None)
            elif one.name != "kind":
                made[one.name] = GIVEN.get(one.name, ["x"] if "list" in str(hint) else "x")
    return made


def numbers() -> Iterator[Any]:
    for group, kinds in sorted(SCHEMAS.items()):
        for kind, cls in sorted(kinds.items()):
            for key in schema_keys(cls):
                hints = {bare(hint) for hint in at((cls,), parts_of(key))}
                if hints & {int, float}:
                    yield pytest.param(cls, group, key, hints, id=f"{group}.{kind}.{key}")
                elif any(bare(get_args(hint)[-1]) in NUMBERS for hint in hints if get_args(hint)):
                    yield pytest.param(cls, group, key, hints, id=f"{group}.{kind}.{key}[]")


@pytest.mark.parametrize(("cls", "group", "key", "hints"), numbers())
def test_a_number_is_finite_and_not_below_0(cls: Any, group: str, key: str, hints: set[Any]) -> None:
    values: list[Any] = [-1, *([-(2**70), 2**70] if int in hints or "int" in str(hints) else [])]
    if float in hints or "float" in str(hints):
        values += [-0.01, float("nan"), float("inf"), float("-inf"), 1e999]
    for value in values:
        wrapped = {"x": value} if "dict" in str(hints) else [value] if "list" in str(hints) else value
        if value == -1 and f"{group}.{key}" in MAY_BE_NEGATIVE:
            continue
        with pytest.raises((UsageError, OmegaConfBaseException)) as caught:
            from_plain(cls, least(cls, key, wrapped), group)
        said = str(getattr(caught.value, "full_key", "")) + str(caught.value)
        assert key.rpartition(".")[2] in said, (value, said)
        assert "\n" not in str(caught.value) or isinstance(caught.value, OmegaConfBaseException)


def test_the_list_of_numbers_is_long() -> None:
    assert len(list(numbers())) > 150
