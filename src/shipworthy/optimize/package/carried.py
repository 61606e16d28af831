"""What a package carries of the project: modules that need no library that it lacks, at their own paths."""

import shutil
from pathlib import Path
from types import ModuleType

from shipworthy.core.lineage import module

HOME = __name__.partition(".")[0]
ROOT = Path(__file__).parents[len(__name__.split(".")) - 1]
"""The folder in which the project's package stands."""


def carry(folder: Path, *modules: ModuleType) -> None:
    """Copies modules, and all of the project's that they import, to `folder`/shipworthy, where `import` finds them."""
    left, seen = [one.__name__ for one in modules], set[str]()
    while left:
        if (name := left.pop()) in seen:
            continue
        seen.add(name)
        source = _source(name)
        assert source is not None, f"{name} is no module of the project"
        target = folder / source.relative_to(ROOT)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, target)
        left += [name.rpartition(".")[0]] if "." in name else []
        left += _imports(name, source)


def _imports(name: str, source: Path) -> list[str]:
    """The modules of the project that one imports."""
    said = module.read(name, source.read_bytes(), package=source.name == "__init__.py").imports
    ours = [(where, what) for where, what in said if where.partition(".")[0] == HOME]
    return [f"{where}.{what}" if what and _source(f"{where}.{what}") else where for where, what in ours]


def _source(name: str) -> Path | None:
    place = ROOT / name.replace(".", "/")
    found = (place.with_name(f"{place.name}.py"), place / "__init__.py")
    return next((path for path in found if path.is_file()), None)
