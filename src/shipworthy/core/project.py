"""Where things are: the project's root and the machine's cache."""

import os
from functools import cache
from pathlib import Path

from shipworthy.core.errors import UsageError


@cache
def project_root() -> Path:
    """The nearest folder from here upwards that holds conf/config.yaml.

    Raises:
        UsageError: when there is none.
    """
    here = Path.cwd()
    for folder in (here, *here.parents):
        if (folder / "conf" / "config.yaml").is_file():
            return folder
    raise UsageError(f"{here} is not inside a shipworthy project (no conf/config.yaml upwards from here): cd into one.")


SNAPSHOT = "snapshot.json"
"""Stands in the root of a snapshot, and tells the version of its code."""


def code_root() -> Path:
    """Where the code that runs, its config and its lock stand: in a sweep's snapshot, else in the project."""
    root = Path(__file__).parents[3]
    return root if (root / SNAPSHOT).is_file() else project_root()


def cache_folder() -> Path:
    """Where downloads, converted base weights and built toolchains are kept between runs.

    `SHIPWORTHY_CACHE` if it is set, else `shipworthy` in the user's cache folder.
    """
    if own := os.environ.get("SHIPWORTHY_CACHE"):
        return Path(own).expanduser().resolve()
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base).expanduser() / "shipworthy"
