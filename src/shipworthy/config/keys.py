"""Which keys and choices there are, for the sentence that names the nearest one."""

import difflib
from collections.abc import Iterator, Sequence
from dataclasses import fields, is_dataclass
from functools import cache
from typing import get_type_hints

from shipworthy.config import foreign
from shipworthy.config.root import GROUPS, Config
from shipworthy.core.choices import of as choices_of
from shipworthy.core.errors import UsageError
from shipworthy.core.extensions import import_schemas
from shipworthy.core.schema import SCHEMAS, choices_in, kinds_of


@cache
def import_checked_schemas() -> None:
    """Imports every schema there is.

    Raises:
        UsageError: one is an extension's, and can't be imported, or has a kind that there is, or is of no group.
    """
    import_schemas()
    bases = {name: base for name, base in get_type_hints(Config).items() if name in GROUPS}
    for group, kinds in SCHEMAS.items():
        for kind, cls in kinds.items():
            what = f"{cls.__module__} declares {cls.__name__} as {group} '{kind}'"
            if group not in bases:
                raise UsageError(f"{what}, and there is no such group: choose one of {', '.join(bases)}.")
            if not issubclass(cls, bases[group]):
                raise UsageError(f"{what}, so that it must inherit from {bases[group].__name__}: let it.")


@cache
def known_keys() -> list[str]:
    """Every key that some choice of some group has, dotted from the root."""
    import_checked_schemas()
    keys = {f"{group}.{key}" for group, kinds in SCHEMAS.items() for cls in kinds.values() for key in schema_keys(cls)}
    return sorted(keys | {f.name for f in fields(Config)})


@cache
def choice_fields() -> dict[str, dict[str, type]]:
    """Dotted key → kind → dataclass, of every field of every schema that holds one of several kinds."""
    import_checked_schemas()
    found: dict[str, dict[str, type]] = {}
    for group, schemas in SCHEMAS.items():
        for cls in schemas.values():
            for key, kinds in choices_in(cls, f"{group}."):
                found.setdefault(key, {}).update(kinds)
    return found


def schema_keys(cls: type) -> Iterator[str]:
    """The keys of a schema, dotted from it on; those of all kinds of a choice."""
    hints = get_type_hints(cls)
    for f in fields(cls):
        if kinds := kinds_of(f):
            yield f"{f.name}.kind"
            yield from sorted({f"{f.name}.{key}" for kind in kinds.values() for key in schema_keys(kind)})
        elif is_dataclass(hints[f.name]):
            yield from (f"{f.name}.{key}" for key in schema_keys(hints[f.name]))
        elif f.name != "kind":
            yield f.name


def is_known(key: str) -> bool:
    """Whether some schema has this key, or a key below it, or a mapping that may hold it."""
    scalars = {f.name for f in fields(Config)}
    return any(
        key == known or known.startswith(f"{key}.") or (known not in scalars and key.startswith(f"{known}."))
        for known in known_keys()
    )


def nearest(key: str, known: Sequence[str] | None = None) -> str:
    """'did you mean …?' for a key that does not exist: the nearest group, or in its group, else anywhere.

    What other trainers have by that name is answered with ours: never with what is only spelled like it.

    Args:
        known: the keys that come into question (None: all that there are).
    """
    if known is None and (ours := foreign.answer(key)):
        return ours
    group, _, leaf = key.rpartition(".")
    all_ = known_keys() if known is None else known
    inside = {one.rpartition(".")[2]: one for one in all_ if group and one.startswith(f"{group}.")}
    beside = {leaf: one for leaf, one in inside.items() if one == f"{group}.{leaf}"}
    anywhere = {one.rpartition(".")[2]: one for one in all_}
    anywhere |= {one.replace(".", "_"): one for one in all_}
    top = {} if group or known is not None else {one.name: one.name for one in fields(Config)}
    for candidates in (top, beside, inside, anywhere):
        if close := difflib.get_close_matches(leaf, candidates, n=1, cutoff=0.6):
            return f"did you mean {candidates[close[0]]}?"
    candidates = inside or anywhere
    close = difflib.get_close_matches(leaf, candidates, n=3, cutoff=0.0)
    return f"the nearest are {', '.join(candidates[name] for name in close)}."


def choices(group: str) -> str:
    """The names of a group's choices, as a comma-separated list."""
    return ", ".join(choices_of(group)) or "(nothing)"


def kinds_that_have(key: str) -> list[str]:
    """The kinds of a group, or of a choice inside one, that have a key, e.g. of `model.rounds`."""
    for place, kinds in choice_fields().items():
        if key.startswith(f"{place}."):
            return [kind for kind, cls in kinds.items() if key.removeprefix(f"{place}.") in schema_keys(cls)]
    group, _, inside = key.partition(".")
    return [
        kind
        for kind, cls in SCHEMAS.get(group, {}).items()
        if any(one == inside or one.startswith(f"{inside}.") for one in schema_keys(cls))
    ]
