"""Which values a config key takes, by the schemas; so that what a str holds is never read as something else."""

import re
from collections.abc import Iterable
from dataclasses import fields, is_dataclass
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

from shipworthy.core.schema import SCHEMAS, Schema, kinds_of

Hints = tuple[Any, ...]
"""The types that a value may have: one for each kind of a group, or of a choice, that has its key."""

KEY_PART = re.compile(r"((?:\\.|[^.\[\]\\])+)")


def parts_of(key: str) -> list[str]:
    r"""The names in a dotted key as Hydra writes it: `a.b[0]`, and with a backslash before a sign that is meant."""
    return [re.sub(r"\\(.)", r"\1", part) for part in KEY_PART.findall(key)]


def of_group(group: str) -> Hints:
    """The schemas of a config group."""
    return tuple(SCHEMAS.get(group, {}).values())


def inside(hints: Hints, name: str) -> Hints:
    """The types of what stands below a name: a field, a key of a mapping, a place in a list."""
    found: list[Any] = []
    for hint in map(bare, hints):
        if isinstance(hint, type) and is_dataclass(hint):
            found += _of_field(hint, name)
        elif get_origin(hint) in (dict, list):
            found.append(get_args(hint)[-1])
    return tuple(found)


def at(hints: Hints, names: Iterable[str]) -> Hints:
    """The types of what stands below several names."""
    for name in names:
        hints = inside(hints, name)
    return hints


def _of_field(cls: type, name: str) -> list[Any]:
    for one in fields(cls):
        if one.name == name:
            hint = get_type_hints(cls)[name]
            if isinstance(hint, type) and issubclass(hint, Schema) and name in SCHEMAS:  # the root's
                return [*of_group(name)]
            return [*kinds_of(one).values()] or [hint]
    return []


def bare(hint: Any) -> Any:
    """A type without its None."""
    if get_origin(hint) in (Union, UnionType):
        others = [one for one in get_args(hint) if one is not NoneType]
        return others[0] if len(others) == 1 else hint
    return hint


def is_text(hints: Hints) -> bool:
    """Whether a value is a str, whatever kind is chosen."""
    return bool(hints) and all(bare(hint) is str for hint in hints)


def may_be_none(hints: Hints) -> bool:
    """Whether None is a value, too."""
    return any(NoneType in get_args(hint) for hint in hints)


def has_text_keys(hints: Hints) -> bool:
    """Whether a value is a mapping from str."""
    return bool(hints) and all(get_origin(bare(hint)) is dict and get_args(bare(hint))[0] is str for hint in hints)


def holds_text(hints: Hints) -> bool:
    """Whether a value is a list of, or a mapping to, str."""
    return bool(hints) and all(get_origin(bare(hint)) in (dict, list) for hint in hints) and is_text(inside(hints, "0"))
