"""The choices of the config groups: conf/ of the project, and of its extensions."""

from pathlib import Path

from shipworthy.core.errors import UsageError
from shipworthy.core.extensions import extensions
from shipworthy.core.project import code_root

CONF = "conf"


def folders() -> list[Path]:
    """Every folder that holds choices, the project's own first."""
    return [code_root() / CONF, *(one.conf for one in extensions() if one.conf.is_dir())]


def checked_folders() -> list[Path]:
    """The same, of which no two hold the same choice.

    Raises:
        UsageError: two do.
    """
    found = folders()
    seen: dict[Path, Path] = {path.relative_to(found[0]): found[0] for path in found[0].rglob("*.yaml")}
    for folder in found[1:]:
        for path in sorted(folder.rglob("*.yaml")):
            name = path.relative_to(folder)
            if other := seen.get(name):
                raise UsageError(f"{other / name} and {path} are one choice: rename one of them.")
            seen[name] = folder
    return found


def of(group: str) -> dict[str, Path]:
    """Name → file of the choices of a group, sorted by name."""
    files = (path for folder in folders() for path in (folder / group).glob("*.yaml"))
    return {path.stem: path for path in sorted(files, key=lambda path: path.stem)}


def is_group(key: str) -> bool:
    """Whether a key is a config group, whose values are its choices."""
    return any((folder / key).is_dir() for folder in folders())
