"""What is loaded by the kind that a config chose, or run in another process: declared so that lineage can read it.

Python's own import statements say what else a module needs. A module that loads another by its name declares it as a
constant, `FAMILY = Lazy("{model}.family")`, and a module that runs files outside `src/` declares their folder, `FOLDER
= project_files("toolchains/llamacpp")`. `core/lineage` reads these declarations without importing anything, so each
argument is a literal.
"""

import importlib.util
import re
from contextlib import suppress
from pathlib import Path
from types import ModuleType

from shipworthy.core import extensions
from shipworthy.core.schema import MISSING, Choice, Schema

PLACE = re.compile(r"\{([\w.]+)\}|\*")
"""What stands for a part of a module's name; one in each pattern."""


class Lazy:
    """Modules of which one is loaded when it is needed.

    A pattern is a module's full name with one placeholder at most:

    - `{group}`: the package in which the schema of the group's chosen config stands, e.g. `{model}.family`, and where
      that has no such module, the package of the schema that it extends; of `{task.baselines}`, a field that names
      kinds of another group (`Schema.names`), the packages of all of them;
    - `{group.field}`: of a field that holds a choice, the module of its kind beside its dataclass; of one that holds a
      dataclass, the names of its fields that hold one, not null: `shipworthy.data.clean.{data.clean}`; else its value,
      a name;
    - `*`: every module there is.

    Args:
        patterns: of the modules; the first that exists is loaded.
        otherwise: the module for what none of them has.
    """

    def __init__(self, *patterns: str, otherwise: str = "") -> None:
        self.patterns = patterns
        self.otherwise = otherwise

    def name(self, chosen: Schema | Choice | str = "") -> str:
        """The full name of the module; empty if there is none.

        Args:
            chosen: the config, or the name, that fills the placeholder.
        """
        for name in (name for pattern in self.patterns for name in _filled(pattern, chosen)):
            with suppress(ModuleNotFoundError):  # not even its package is there
                if importlib.util.find_spec(name):
                    return name
        return self.otherwise

    def load(self, chosen: Schema | Choice | str = "") -> ModuleType:
        """The module.

        Raises:
            ModuleNotFoundError: there is none.
            UsageError: it is an extension's, and can't be imported.
        """
        return extensions.load(self.name(chosen) or _filled(self.patterns[0], chosen)[0])


def project_files(folder: str) -> Path:
    """A folder of the project, relative to its root, whose files the module runs in another environment."""
    return Path(folder)


def module_of(choice: Choice) -> str:
    """The module of a choice's kind: it is next to its dataclass."""
    return f"{type(choice).__module__.rpartition('.')[0]}.{choice.kind}"


def packages(schema: type[Schema]) -> list[str]:
    """Where modules are looked for that belong to a schema: beside it, then beside those that it extends."""
    kinds = [cls for cls in schema.__mro__ if issubclass(cls, Schema) and cls.kind != MISSING]
    return [cls.__module__.rpartition(".")[0] for cls in kinds]


def _filled(pattern: str, chosen: Schema | Choice | str) -> list[str]:
    """The module names that a pattern may mean, those to be tried first at the front."""
    found = PLACE.search(pattern)
    if found is None:
        return [pattern]
    if isinstance(chosen, Schema) and "." not in (found[1] or ""):
        return [f"{pattern[: found.start()]}{one}{pattern[found.end() :]}" for one in packages(type(chosen))]
    if isinstance(chosen, Schema):
        chosen = chosen.kind
    if isinstance(chosen, Choice):
        chosen = module_of(chosen)
    room = pattern[: found.start()].rstrip(".")
    module = extensions.parts(room).get(chosen) if room else None  # an extension's has another package
    return [(module or f"{pattern[: found.start()]}{chosen}") + pattern[found.end() :]]
