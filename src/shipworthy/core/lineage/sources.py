"""The package's modules and other files, as they were when the process read them."""

from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache
from pathlib import PurePosixPath

from shipworthy.core.identity import package_files
from shipworthy.core.lineage import module
from shipworthy.core.lineage.chosen import PACKAGE
from shipworthy.core.lineage.module import Module

INIT = "__init__.py"


@dataclass(frozen=True)
class Sources:
    """The package's text.

    Attributes:
        modules: full name → text.
        packages: those of the modules that are an `__init__.py`.
        files: package → its files that are no modules, by their paths in the package's parent.
    """

    modules: dict[str, bytes]
    packages: frozenset[str]
    files: dict[str, dict[str, bytes]]

    @classmethod
    def of(cls, texts: Mapping[str, bytes], package: str = PACKAGE) -> "Sources":
        """From the texts by their paths in the package's folder."""
        folders = {PurePosixPath(name).parent for name in texts if PurePosixPath(name).name == INIT}
        modules: dict[str, bytes] = {}
        packages: set[str] = set()
        files: dict[str, dict[str, bytes]] = {}
        for name, text in texts.items():
            path = PurePosixPath(name)
            if path.suffix == ".py" and path.parent in folders:
                dotted = ".".join((package, *path.with_suffix("").parts)).removesuffix(".__init__")
                modules[dotted] = text
                if path.name == INIT:
                    packages.add(dotted)
            else:
                home = next(folder for folder in path.parents if folder in folders)
                files.setdefault(".".join((package, *home.parts)), {})[f"{package}/{name}"] = text
        return cls(modules, frozenset(packages), files)

    def read(self, name: str) -> Module:
        """What a module's text says."""
        return module.read(name, self.modules[name], package=name in self.packages)

    def inner(self, source: str, name: str) -> str | None:
        """The module that `from source import name` reads; None: another package's."""
        return next((one for one in (f"{source}.{name}", source) if one in self.modules), None)

    def matching(self, pattern: str) -> list[str]:
        """The modules that fit a pattern with `*`, or the one of that name."""
        if "*" not in pattern:
            return [pattern] if pattern in self.modules else []
        return [name for name in self.modules if fnmatchcase(name, pattern) and name not in self.packages]


@cache
def sources() -> Sources:
    """This package's, as its files were when the process read them."""
    return Sources.of(package_files())
