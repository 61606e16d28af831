"""Whether what is installed is what the lock names."""

import contextlib
import importlib.metadata
import platform
import sys
from collections.abc import Iterator
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from shipworthy.core.finding import Finding, Level
from shipworthy.core.identity import LOCK
from shipworthy.core.project import code_root

MOST_NAMED = 5


def installed() -> Iterator[tuple[str, str]]:
    """Name and version of every installed package; of a name that comes twice, the first is what is imported.

    What is left of a package that was removed halfway has no name: Python says None, the importlib_metadata of others,
    once it is imported, raises.
    """
    for one in importlib.metadata.distributions():
        with contextlib.suppress(FileNotFoundError):
            if one.name:
                yield one.name, one.version


def pins(lock: Path) -> dict[str, str]:
    """Name and version of each package that a lock names for this Python: those whose marker, if any, holds here."""
    lines = (line.partition("#")[0].strip() for line in lock.read_text(encoding="utf-8").splitlines())
    wanted = [Requirement(line) for line in lines if line]
    here = (one for one in wanted if one.marker is None or one.marker.evaluate())
    return {one.name: str(one.specifier).removeprefix("==") for one in here}


def compare(lock: Path) -> tuple[int, list[str], list[str]]:
    """How many packages a lock names; which of them are not installed, and which in another version.

    Local versions (`2.13.0+cpu`) count as what they are a build of.
    """
    wanted = pins(lock)
    versions: dict[str, str] = {}
    for name, version in installed():
        versions.setdefault(canonicalize_name(name), version.partition("+")[0])
    found = {name: versions.get(canonicalize_name(name)) for name in wanted}
    absent = [name for name, version in found.items() if version is None]
    other = [
        f"{name} {found[name]} (lock: {wanted[name]})" for name in wanted if found[name] not in (None, wanted[name])
    ]
    return len(wanted), absent, other


def examine() -> Finding:
    """Python and its packages against the lock of the code that runs."""
    python = f"Python {platform.python_version()} ({sys.executable})"
    lock = code_root() / LOCK
    if not lock.is_file():
        return Finding(Level.MISSING, "lock", f"{python}, but there is no {lock}: bring it back with Git.")
    count, absent, other = compare(lock)
    remedy = f"`{sys.executable} -m pip install -r {lock}`, or scripts/env, installs them"
    if absent:
        return Finding(
            Level.MISSING, "lock", f"{len(absent)} of {count} packages are not there: {_named(absent)}: {remedy}."
        )
    if other:
        said = f"{len(other)} of {count} packages differ, and runs would be recorded under a lock that was not theirs"
        return Finding(Level.WARNING, "lock", f"{said}: {_named(other)}: {remedy}.")
    return Finding(Level.OK, "lock", f"{python}, {count} packages as {LOCK} names them")


def _named(names: list[str]) -> str:
    more = f" and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else ""
    return ", ".join(names[:MOST_NAMED]) + more
