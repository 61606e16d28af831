"""What a project adds without an edit in src/: the folders of its extensions/, and installed packages; see docs/.

Whatever is found by kind or by name is found here, ours and an extension's in the same way: config schemas in files
called schema.py, and parts (metrics, row formats, packaging) as modules of a folder that is named after their room.
"""

import importlib
import importlib.util
import traceback
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.metadata import entry_points
from pathlib import Path
from types import ModuleType

from shipworthy.core.errors import ShipworthyError, UsageError
from shipworthy.core.project import code_root

FOLDER = "extensions"
NAMESPACE = "shipworthy.extensions"
"""The package that holds those of the folder, and the group of entry points that names the installed ones."""
OURS = Path(__file__).parents[1]
NO_MODULES = ("conf", "tests", "__pycache__")
"""Folders of an extension that hold nothing to import."""


@dataclass(frozen=True)
class Extension:
    """One of the project's additions.

    Attributes:
        name: of its folder, or of its entry point.
        package: as which it is imported.
        folder: where it stands.
    """

    name: str
    package: str
    folder: Path

    @property
    def in_project(self) -> bool:
        """Whether it is a folder of the project, and goes with its snapshots."""
        return self.package == f"{NAMESPACE}.{self.name}"

    @property
    def conf(self) -> Path:
        """Its choices, one folder per config group, if there are any."""
        return self.folder / "conf"

    def modules(self) -> Iterator[Path]:
        """Its Python files, sorted, without its tests."""
        for path in sorted(self.folder.rglob("*.py")):
            if not set(path.relative_to(self.folder).parts) & set(NO_MODULES):
                yield path

    def module(self, path: Path) -> str:
        """The name that a file of it is imported by."""
        return ".".join([self.package, *path.relative_to(self.folder).with_suffix("").parts])


def folder() -> Path:
    """Where the project's extensions stand: its own, else those of the checkout that the code is run from.

    Outside of a project it is a folder that there isn't.
    """
    try:
        own = code_root() / FOLDER
    except UsageError:
        return OURS / FOLDER / "none"
    return own if own.is_dir() else OURS.parents[1] / FOLDER


@cache
def extensions() -> tuple[Extension, ...]:
    """All of them: those of the folder, then the installed ones, each in the order of their names.

    Raises:
        UsageError: two have one name, one's name can't be imported, or an installed one isn't where it says.
    """
    found: dict[str, Extension] = {}
    for one in [*in_folder(folder()), *installed()]:
        if other := found.get(one.name):
            raise UsageError(f"{other.folder} and {one.folder} are both extension '{one.name}': rename one.")
        found[one.name] = one
    return tuple(found.values())


def in_folder(root: Path) -> list[Extension]:
    """Those of a folder extensions/.

    Raises:
        UsageError: the name of one can't be imported.
    """
    found = []
    for path in sorted(root.iterdir()) if root.is_dir() else ():
        if not path.is_dir() or path.name.startswith((".", "_")):
            continue
        if not path.name.isidentifier():
            raise UsageError(f"{path} is no name that Python can import: rename it, to letters, digits and _.")
        found.append(Extension(path.name, f"{NAMESPACE}.{path.name}", path))
    return found


def installed() -> list[Extension]:
    """Those of installed packages: entry points of the group `shipworthy.extensions`, NAME = PACKAGE.

    Raises:
        UsageError: one names a package that isn't there.
    """
    found = []
    for point in sorted(entry_points(group=NAMESPACE), key=lambda point: point.name):
        try:
            spec = importlib.util.find_spec(point.value)
        except ImportError:
            spec = None
        if spec is None or not spec.submodule_search_locations:
            raise UsageError(
                f"{point.dist.name if point.dist else 'A distribution'} names {point.value} as the extension "
                f"'{point.name}', which is no package: reinstall it, or uninstall it."
            )
        found.append(Extension(point.name, point.value, Path(next(iter(spec.submodule_search_locations))).resolve()))
    return found


def module_files(found: Iterable[Extension]) -> dict[str, Path]:
    """Name → each Python file of extensions; those of the folder are named from the project's root."""
    return {
        f"{f'{FOLDER}/{one.name}' if one.in_project else one.package}/{path.relative_to(one.folder)}": path
        for one in found
        for path in one.modules()
    }


@cache
def import_schemas() -> None:
    """Imports every schema.py, ours first, so that each kind of each config group is known.

    Raises:
        UsageError: an extension's can't be imported, or declares a kind that there is.
    """
    for path in sorted(OURS.rglob("schema.py")):
        if path.parent != OURS / "core":
            importlib.import_module(".".join([OURS.name, *path.relative_to(OURS).with_suffix("").parts]))
    for one in extensions():
        for path in one.modules():
            if path.name == "schema.py":
                load(one.module(path))


@cache
def parts(package: str) -> Mapping[str, str]:
    """Name → module of what a folder holds: a package of ours, and the folder of its last name in each extension.

    For `shipworthy.evaluation.metrics` that are our metrics and those of every `extensions/NAME/metrics/`.

    Raises:
        UsageError: two have one name.
    """
    room = OURS.joinpath(*package.split(".")[1:])
    found = {path.stem: f"{package}.{path.stem}" for path in _members(room)}
    for one in extensions():
        for path in _members(one.folder / room.name):
            module = f"{one.package}.{room.name}.{path.stem}"
            if other := found.get(path.stem):
                raise UsageError(f"{other} and {module} have one name, '{path.stem}': rename one of them.")
            found[path.stem] = module
    return found


def of_extensions(package: str) -> list[str]:
    """Those names of `parts` that extensions bring."""
    return [name for name, module in parts(package).items() if not module.startswith(f"{package}.")]


def _members(room: Path) -> list[Path]:
    """The modules and packages of a folder, sorted; not those that begin with _."""
    inside = sorted(room.iterdir()) if room.is_dir() else []
    return [path for path in inside if path.name[0] not in "_." and (path.suffix == ".py" or path.is_dir())]


def load(module: str) -> ModuleType:
    """Imports a module that may be an extension's.

    Raises:
        UsageError: an extension's code raised an error; the sentence names its file and line.
    """
    try:
        return importlib.import_module(module)
    except ShipworthyError:
        raise
    except Exception as error:
        if place := _place(error):
            said = str(getattr(error, "msg", "") or error).strip().partition("\n")[0].rstrip(".")
            raise UsageError(
                f"{place}: {type(error).__name__}: {said}; correct it, or move the extension away."
            ) from error
        raise


def _place(error: Exception) -> str:
    """The last line of an extension that an error passed through: `FILE, line N`; empty if there is none."""
    frames = [(frame.filename, frame.lineno) for frame in traceback.extract_tb(error.__traceback__)]
    if isinstance(error, SyntaxError) and error.filename:
        frames.append((error.filename, error.lineno))
    for file, line in reversed(frames):
        if any(Path(file).is_relative_to(one.folder) for one in extensions()):
            return f"{file}, line {line}"
    return ""
