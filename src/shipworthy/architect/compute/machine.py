"""The hardware of this machine, for the fields that the config leaves open."""

import difflib
import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import psutil

from shipworthy.architect.compute.schema import Machine
from shipworthy.core import yaml_text
from shipworthy.core.errors import UsageError
from shipworthy.core.schema import from_plain

CGROUP_LIMIT = Path("/sys/fs/cgroup/memory.max")


def resolve(config: Machine, cgroup_limit: Path = CGROUP_LIMIT) -> Machine:
    """The same machine with its cores and memory filled in."""
    return replace(
        config,
        cores=config.cores or len(os.sched_getaffinity(0)),
        memory_gb=config.memory_gb or round(usable_memory(cgroup_limit) / 1e9, 1),
    )


def usable_memory(cgroup_limit: Path = CGROUP_LIMIT) -> int:
    """The bytes of memory that this process may use: the machine's, or its container's if that is less."""
    memory = int(psutil.virtual_memory().total)
    if cgroup_limit.is_file() and (limit := cgroup_limit.read_text(encoding="utf-8").strip()).isdigit():
        return min(memory, int(limit))
    return memory


def of_the_list(name: str, files: Mapping[str, Path]) -> Machine:
    """The machine of a file of conf/compute, the list of prices.

    Args:
        files: name → file of each choice of the group.

    Raises:
        UsageError: there is no such file.
    """
    path = files.get(name)
    if path is None:
        known = sorted(files)
        close = difflib.get_close_matches(name, known, n=1)
        hint = f"did you mean compute={close[0]}?" if close else f"choose one of {', '.join(known)}."
        raise UsageError(f"there is no compute '{name}': {hint}")
    values = yaml_text.read(path, (Machine,))
    assert isinstance(values, dict)
    values.pop("defaults")
    return from_plain(Machine, values, "compute")
