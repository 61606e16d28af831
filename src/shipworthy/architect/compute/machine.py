"""The machine as it is: what the config leaves open is read here."""

import os
from dataclasses import replace
from pathlib import Path

import psutil

from shipworthy.architect.compute.schema import Machine

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
    if cgroup_limit.is_file() and (limit := cgroup_limit.read_text().strip()).isdigit():
        return min(memory, int(limit))
    return memory
