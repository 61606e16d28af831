"""What a config chose: from the placeholder of a lazy declaration to the names that fill it."""

import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass
from pathlib import Path
from typing import Any, get_args, get_type_hints

from shipworthy.core.extensions import extensions
from shipworthy.core.lazy import PLACE, module_of, packages
from shipworthy.core.schema import SCHEMAS, Choice, Schema

PACKAGE = __name__.partition(".")[0]


@dataclass(frozen=True)
class Chosen:
    """The chosen configs, by their group."""

    groups: Mapping[str, Schema]

    def fill(self, pattern: str) -> list[str]:
        """The module names that a pattern means; one with `*` stands for all that fit."""
        found = PLACE.search(pattern)
        if found is None or found[0] == "*":
            return [pattern]
        return [pattern.replace(found[0], name) for name in sorted({*self._names(found[1])})]

    def classes(self, group: str) -> set[type]:
        """The class of a group's config, and those of the dataclasses in it."""
        return {*_classes(self.groups[group])} if group in self.groups else set()

    def named(self, pattern: str) -> set[type]:
        """The classes whose package fills a pattern: of the group's config, or of the kinds that a field names."""
        found = PLACE.search(pattern)
        return self._named(found[1]) if found and found[1] else set()

    def _named(self, path: str) -> set[type[Schema]]:
        group, _, field = path.partition(".")
        config = self.groups.get(group)
        if config is None:
            return set()
        if not field:
            return {cls for cls in self.classes(group) if issubclass(cls, Schema)}
        kinds = SCHEMAS.get(type(config).kinds_in.get(field, ""), {})
        named = getattr(config, field) if kinds else ()
        return {cls for name in named if name in kinds for cls in _below(kinds[name])}

    def _names(self, path: str) -> Iterator[str]:
        group, _, field = path.partition(".")
        config = self.groups.get(group)
        if config is not None and (not field or field in type(config).kinds_in):
            yield from (name for cls in self._named(path) for name in packages(cls))
            return
        value: Any = config
        for name in field.split("."):
            value = getattr(value, name, None)
        if isinstance(value, Choice):
            yield module_of(value)
        elif is_dataclass(value):
            yield from (f.name for f in fields(value) if is_dataclass(getattr(value, f.name)))
        elif isinstance(value, list | tuple):
            yield from map(str, value)
        elif value:
            yield str(value)


def _classes(value: Any) -> Iterator[type]:
    if is_dataclass(value):
        yield type(value)
        for f in fields(value):
            yield from _classes(getattr(value, f.name))
    elif isinstance(value, list | tuple):
        for one in value:
            yield from _classes(one)
    elif isinstance(value, dict):
        yield from _classes(list(value.values()))


def _below(cls: type) -> Iterator[type]:
    """The schema, and those that its fields hold: of a kind that is named, and not made yet."""
    if isinstance(cls, type) and issubclass(cls, Schema):
        yield cls
        for hint in get_type_hints(cls).values():
            for part in (hint, *get_args(hint)):
                yield from _below(part)


def extension_of(cls: type) -> Path:
    """Where all that belongs to an extension's class stands: the extension's folder."""
    file = Path(str(sys.modules[cls.__module__].__file__)).resolve()
    return next(one.folder for one in extensions() if file.is_relative_to(one.folder.resolve()))


def in_extensions(pattern: str, name: str) -> set[Path]:
    """The extensions that have what a lazy declaration names, in a folder called as the package before it.

    Args:
        pattern: of the declaration.
        name: the module's name, which no module of the package has.
    """
    before = PLACE.split(pattern)[0].split(".")[:-1]
    if not before:
        return set()
    room, part = before[-1], name.split(".")[len(before)]
    inside = {one.folder: (one.folder / room / part, one.folder / room / f"{part}.py") for one in extensions()}
    return {folder for folder, paths in inside.items() if any(path.exists() for path in paths)}
