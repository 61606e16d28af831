"""`shipworthy COMMAND --help` and `--cfg`: what a command reads of the config, from the schemas and from conf/."""

import json
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import Field, fields, is_dataclass
from pathlib import Path
from textwrap import TextWrapper
from types import NoneType, UnionType
from typing import Any, cast, get_args, get_origin, get_type_hints

from omegaconf import OmegaConf

from shipworthy.config.compose import check_overrides, compose, composed
from shipworthy.config.load import as_dict, read_params
from shipworthy.config.overrides import in_hydras_grammar
from shipworthy.config.root import GROUPS, Config
from shipworthy.core import choices, docstrings, yaml_text
from shipworthy.core.errors import UsageError
from shipworthy.core.schema import MISSING, SCHEMAS, Schema, kinds_of
from shipworthy.execution.reads import HYDRA, reads

WIDEST = 120
PLAIN = {str: "text", int: "whole number", float: "number", bool: "true or false"}


def config(command: str, overrides: Sequence[str], params: Path | None, *, whole: bool) -> str:
    """The resolved config as YAML: what the command reads of it, or all of it, as --params takes it.

    Raises:
        UsageError: as a run of the command.
    """
    found = read_params(params) if params is not None else compose(overrides)
    parts = [one.name for one in fields(Config)] if whole else reads(command)
    values = {name: getattr(found, name) for name in parts}
    return yaml_text.dump({name: as_dict(one) if isinstance(one, Schema) else one for name, one in values.items()})


def about(command: str, overrides: Sequence[str], *, with_hydra: bool) -> str:
    """The groups with their choices, and the keys of those that are chosen, with their values.

    Args:
        overrides: what is chosen.
        with_hydra: whether launchers and sweepers are told, too.

    Raises:
        UsageError: an override names what there is not.
    """
    grammar = in_hydras_grammar(overrides)
    check_overrides(grammar)
    values = cast(dict[str, Any], OmegaConf.to_container(composed(overrides)))
    read = reads(command)
    groups = [name for name in read if name in GROUPS]
    chosen = {text.partition("=")[0]: text.partition("=")[2] for text in overrides}
    lines = ["groups (group=choice):"]
    for name in [*groups, "experiment", *(HYDRA if with_hydra else ())]:
        now = f"{chosen[name]}: " if name in chosen else ""
        lines += _entry(name, now + ", ".join(choices.of(name)), 14)
    root, told = get_type_hints(Config), docstrings.attributes(Config)
    lines += ["", "keys (key=value, with what they are now):"]
    for name in (one for one in read if one not in GROUPS):
        lines += _key(name, root[name], values[name], told.get(name, ""))
    for name in groups:
        kind = str(values[name]["kind"])
        if kind not in SCHEMAS[name]:
            raise UsageError(f"{name} is not chosen: take one of {', '.join(choices.of(name))}, with {name}=….")
        cls = SCHEMAS[name][kind]
        lines += ["", f"{name}: {kind}. {docstrings.summary(cls)}"]
        lines += [line for one in _keys(cls, values[name], name) for line in one]
    return "\n".join(lines)


def _keys(cls: type, values: Any, place: str) -> Iterator[list[str]]:
    """The lines of each key of a schema, and of its parts."""
    hints, told = get_type_hints(cls), docstrings.attributes(cls)
    for one in fields(cls):
        key, value = f"{place}.{one.name}", _value(values, one.name, one)
        if kinds := kinds_of(one):
            kind = value.get("kind") if isinstance(value, Mapping) else None
            doc = f"one of {', '.join(kinds)}; {told.get(one.name, '')}"
            yield _entry(f"  {key}.kind={'null' if kind is None else kind}", doc)
            if kind in kinds:
                yield from _keys(kinds[str(kind)], value, key)
        elif is_dataclass(hints[one.name]):
            yield _entry(f"  {key}", told.get(one.name, ""))
            yield from _keys(hints[one.name], value, key)
        elif one.name != "kind":
            yield _key(key, hints[one.name], value, told.get(one.name, ""))


def _value(values: Any, name: str, one: Field[Any]) -> Any:
    """What a key is now, or would be without anybody's word."""
    if isinstance(values, Mapping) and values.get(name, MISSING) != MISSING:
        return values[name]
    return one.default_factory() if callable(one.default_factory) else one.default


def _key(key: str, hint: Any, value: Any, doc: str) -> list[str]:
    shown = json.dumps(value, ensure_ascii=False) if isinstance(value, bool | NoneType | list | dict) else value
    text = " ".join(str(shown).split())
    return _entry(f"  {key}={text if len(text) <= 40 else f'{text[:37]}…'}", f"{type_of(hint)}; {doc}")


def type_of(hint: Any) -> str:
    """A field's type in words."""
    if hint in PLAIN:
        return PLAIN[hint]
    if get_origin(hint) is UnionType or str(get_origin(hint)) == "typing.Union":
        return " or ".join("null" if one is NoneType else type_of(one) for one in get_args(hint))
    origin = get_origin(hint)
    return "list" if origin is list else "mapping" if origin is dict else "value"


def _entry(head: str, text: str, column: int = 44) -> list[str]:
    """`head`, and from a column on what is said of it."""
    head = head if head.startswith(" ") else f"  {head}"
    width = min(WIDEST, shutil.get_terminal_size((100, 24)).columns)
    wrapped = TextWrapper(max(30, width - column), break_on_hyphens=False).wrap(text) or [""]
    first = [f"{head:<{column - 2}}  {wrapped[0]}"] if len(head) < column - 1 else [head, " " * column + wrapped[0]]
    return [line.rstrip() for line in [*first, *(" " * column + line for line in wrapped[1:])]]
