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


def cache_folder() -> Path:
    """Where downloads, converted base weights and built toolchains are kept between runs.

    `SHIPWORTHY_CACHE` if it is set, else `shipworthy` in the user's cache folder.
    """
    if own := os.environ.get("SHIPWORTHY_CACHE"):
        return Path(own).expanduser().resolve()
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base).expanduser() / "shipworthy"
