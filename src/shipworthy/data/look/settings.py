"""Settings with the reason for each, and as YAML in which the reason stands above them as a comment."""

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from shipworthy.core import yaml_text
from shipworthy.core.schema import literal

WIDTH = 118
INDENT = "  "


@dataclass(frozen=True)
class Setting:
    """A key of a config file.

    Attributes:
        key: its name.
        value: plain containers, or further settings, of a section.
        why: the comment above it (lines stay lines; empty: none).
    """

    key: str
    value: "Any | Sequence[Setting]"
    why: str = ""

    @property
    def is_section(self) -> bool:
        """Whether it holds further settings."""
        return isinstance(self.value, list) and bool(self.value) and all(isinstance(one, Setting) for one in self.value)


def plain(settings: Sequence[Setting]) -> dict[str, Any]:
    """The settings as plain containers."""
    return {one.key: plain(one.value) if one.is_section else one.value for one in settings}


def text(settings: Sequence[Setting]) -> str:
    """The settings as YAML that gives them back, whatever is in names and values, with their comments."""
    return "".join(_written(one) for one in settings)


def comment(why: str, width: int = WIDTH) -> str:
    """Lines of a comment."""
    wrapped = [textwrap.wrap(line, width - 2, break_on_hyphens=False) or [""] for line in why.splitlines()]
    lines = [line for some in wrapped for line in some]
    return "".join(f"# {line}".rstrip() + "\n" for line in lines)


def _written(one: Setting) -> str:
    above = comment(one.why)
    if one.is_section:
        return f"{above}{one.key}:\n{textwrap.indent(text(one.value), INDENT)}"
    return above + yaml_text.dump({one.key: literal(one.value)})
