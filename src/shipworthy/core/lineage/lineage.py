"""The code that a command's result depends on: what its stage imports, with what the config chose of the rest.

Collected from the sources as they were read once, when the process began, so that whoever edits meanwhile changes
nothing; grimp reads the disk, and only a package that can be imported. The test holds both against each other.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from hashlib import sha256
from pathlib import Path

from shipworthy.core.files import sha256_of_json
from shipworthy.core.lineage import module
from shipworthy.core.lineage.chosen import PACKAGE, Chosen, extension_of, in_extensions
from shipworthy.core.lineage.module import Module
from shipworthy.core.lineage.sources import Sources, sources
from shipworthy.core.project import project_root
from shipworthy.core.schema import Schema

ASIDE = frozenset({"__pycache__", "conf", "tests"})
"""Folders of an extension that are no code of it: what is chosen in conf/ is in the config."""


@dataclass(frozen=True)
class Lineage:
    """What one command depends on.

    Attributes:
        modules: name → hash of what the module does.
        files: path → hash, of files that are no modules: a package's templates, toolchains, extensions.
    """

    modules: dict[str, str]
    files: dict[str, str]

    @property
    def digest(self) -> str:
        """The hash of all of it."""
        return sha256_of_json([self.modules, self.files])

    def lines(self) -> str:
        """For a reader, and for DVC: the digest, then one line for each module and file."""
        parts = [f"{name} {code}\n" for part in (self.modules, self.files) for name, code in sorted(part.items())]
        return "".join([f"{self.digest}\n", *parts])


def lineage(command: str, groups: Mapping[str, Schema], code: Sources | None = None) -> Lineage:
    """What a command's result depends on.

    Args:
        groups: group → chosen config, of the whole config.
        code: the package's text (None: that of this process).
    """
    code = code or sources()
    stage = code.read(start := f"{PACKAGE}.stages.{command}")
    aside = stage.constants.get("NON_IDENTITY", ())
    chosen = Chosen({name: config for name, config in groups.items() if name not in aside})
    search = _Search(code, chosen)
    search.follow([start])
    search.classes({cls for group in stage.arguments for cls in chosen.classes(group)})
    return search.found()


@dataclass
class _Search:
    """Collects what a command depends on.

    Attributes:
        read: the package's modules, by their names.
        extensions: folders of extensions.
        folders: of the project, whose files run elsewhere.
    """

    code: Sources
    chosen: Chosen
    read: dict[str, Module] = field(default_factory=dict)
    extensions: set[Path] = field(default_factory=set)
    folders: set[str] = field(default_factory=set)

    def follow(self, names: list[str]) -> None:
        """Takes modules, and all that they need."""
        waiting = [*names]
        while waiting:
            if (name := waiting.pop()) not in self.read:
                self.read[name] = one = self.code.read(name)
                waiting += self._needs(one)

    def classes(self, classes: set[type]) -> None:
        """Takes the modules of configs' classes, or the extensions that they are of."""
        self.follow([cls.__module__ for cls in classes if cls.__module__ in self.code.modules])
        for cls in classes:
            if cls.__module__ not in self.code.modules:
                self._extend(extension_of(cls))

    def found(self) -> Lineage:
        """All of it, with its hashes."""
        docstrings = any(one.reads_docstrings for one in self.read.values())
        modules = {name: one.does for name, one in self.read.items()}
        modules |= {parent: self.code.read(parent).does for name in self.read for parent in _above(name)}
        if docstrings:
            modules = {name: module.digest(self.code.modules[name], docstrings=True) for name in modules}
        files: dict[str, str] = {}
        for package in {name if name in self.code.packages else name.rpartition(".")[0] for name in self.read}:
            files |= {path: sha256(text).hexdigest() for path, text in self.code.files.get(package, {}).items()}
        for folder in (*map(Path, self.folders), *self.extensions):
            files |= _hashes(project_root() / folder, folder.name if folder.is_absolute() else folder.as_posix())
        return Lineage(modules, files)

    def _needs(self, one: Module) -> list[str]:
        """The package's modules that one imports, or loads as the config chose."""
        self.folders |= one.folders
        needed = [inner for imported in one.imports if (inner := self.code.inner(*imported))]
        for patterns, otherwise in one.lazy:
            names = [name for pattern in patterns for name in self._loaded(pattern)]
            needed += names or [name for name in [otherwise] if name in self.code.modules]
        return needed

    def _loaded(self, pattern: str) -> list[str]:
        for cls in self.chosen.named(pattern):
            if cls.__module__ not in self.code.modules:
                self._extend(extension_of(cls))
        names = []
        for filled in self.chosen.fill(pattern):
            names += (matching := self.code.matching(filled))
            for folder in in_extensions(pattern, filled) if not matching else ():
                self._extend(folder)
        return names

    def _extend(self, folder: Path) -> None:
        """Takes an extension's files, and what they need of the package."""
        if folder not in self.extensions:
            self.extensions.add(folder)
            for path, text in _texts(folder).items():
                if path.suffix == ".py":
                    self.follow(self._needs(module.read("", text, package=False)))


def _above(name: str) -> Iterator[str]:
    """The packages around a module: their `__init__.py` runs first."""
    while name := name.rpartition(".")[0]:
        yield name


@cache
def _texts(folder: Path) -> dict[Path, bytes]:
    """The files of a folder outside the package, or the one file that it is, read once."""
    inside = [folder] if folder.is_file() else sorted(folder.rglob("*"))
    return {
        path: path.read_bytes() for path in inside if path.is_file() and not ASIDE & {*path.relative_to(folder).parts}
    }


def _hashes(folder: Path, label: str) -> dict[str, str]:
    """Path → hash of the files in a folder, of Python's what they do; none where it is not there."""
    return {
        f"{label}/{path.relative_to(folder).as_posix()}": (
            module.digest(text, docstrings=module.read("", text, package=False).reads_docstrings)
            if path.suffix == ".py"
            else sha256(text).hexdigest()
        )
        for path, text in _texts(folder).items()
    }
