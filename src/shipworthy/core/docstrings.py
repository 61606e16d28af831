"""What the docstring of a dataclass says of its fields: the section `Attributes:`, which `--help` prints."""

import inspect
import re

ENTRY = re.compile(r"( *)((?:`?\w+`?)(?:, \w+)*): (.*)")


def attributes(cls: type) -> dict[str, str]:
    """Field → what is said of it, of those that it inherits as well."""
    found: dict[str, str] = {}
    for one in reversed(cls.__mro__):
        if one.__module__ != "builtins" and "__doc__" in vars(one):
            found |= _section(inspect.cleandoc(one.__doc__ or ""))
    return found


def summary(cls: type) -> str:
    """The first line."""
    return inspect.cleandoc(cls.__doc__ or "").partition("\n")[0]


def _section(text: str) -> dict[str, str]:
    found: dict[str, str] = {}
    names: list[str] = []
    indent = -1
    for line in text.partition("Attributes:\n")[2].splitlines():
        if line and not line.startswith(" "):
            break
        entry = ENTRY.fullmatch(line)
        if entry and (indent in (-1, len(entry[1]))):
            indent, names = len(entry[1]), entry[2].split(", ")
            found |= dict.fromkeys(names, entry[3])
        elif line.strip():
            found |= {name: f"{found[name]} {line.strip()}" for name in names}
    return found
