"""How much memory there is still to take, and who sets the limit (megabytes, 10^6 bytes)."""

import ctypes
import resource
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil
import torch

MB = 1e6
CGROUPS = Path("/sys/fs/cgroup")
UNLIMITED = 2**60


@dataclass(frozen=True)
class Headroom:
    """Free memory.

    Attributes:
        free_mb: what can still be taken.
        limit_mb: of which whole.
        what: what sets the limit.
    """

    free_mb: float
    limit_mb: float
    what: str


def headroom(device: torch.device, deadly: bool = False) -> Headroom:
    """The tightest limit: a GPU's memory, or the machine's, the container's (cgroup) or the process's (ulimit).

    Args:
        deadly: only limits at which Linux kills; at a process's own, and on a GPU, an error is raised.
    """
    if device.type == "cuda":
        free, total = torch.cuda.mem_get_info(device)
        # What torch's allocator holds and does not use is free for us as well.
        idle = torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)
        return Headroom((free + idle) / MB, total / MB, torch.cuda.get_device_name(device))
    idle = _give_back_idle()
    own = () if deadly else _process(idle)
    tightest: Headroom = min((_machine(), *own, *_container()), key=lambda each: each.free_mb)
    return tightest


class _Mallinfo2(ctypes.Structure):
    _fields_ = tuple(
        (name, ctypes.c_size_t)
        for name in (
            "arena",
            "ordblks",
            "smblks",
            "hblks",
            "hblkhd",
            "usmblks",
            "fsmblks",
            "uordblks",
            "fordblks",
            "keep",
        )
    )


def _give_back_idle() -> int:
    """Gives pages that the C allocator holds unused back to the system; returns the bytes of addresses that it keeps.

    Without it, what a step has freed would look taken. Only glibc can be asked; of another allocator nothing is known.
    """
    library = ctypes.CDLL(None)
    if not hasattr(library, "mallinfo2"):
        return 0
    library.malloc_trim(ctypes.c_size_t(0))
    library.mallinfo2.restype = _Mallinfo2
    return int(library.mallinfo2().fordblks)


def _machine() -> Headroom:
    memory = psutil.virtual_memory()
    return Headroom(memory.available / MB, memory.total / MB, "the machine")


def _process(idle: int) -> Iterator[Headroom]:
    used = psutil.Process().memory_info()
    for kind, taken, name in (
        (resource.RLIMIT_AS, used.vms, "the process's address space (ulimit -v)"),
        (resource.RLIMIT_DATA, used.data, "the process's data (ulimit -d)"),
    ):
        limit, _ = resource.getrlimit(kind)
        if limit != resource.RLIM_INFINITY:
            yield Headroom((limit - taken + idle) / MB, limit / MB, name)


def _container(mount: Path = CGROUPS, table: Path = Path("/proc/self/cgroup")) -> Iterator[Headroom]:
    """Limits of this process's control groups, version 1 and 2, and of the groups above it."""
    for line in table.read_text(encoding="utf-8", errors="replace").splitlines() if table.is_file() else ():
        _, controllers, path = line.split(":", 2)
        if controllers == "memory":
            root, limit, usage = mount / "memory", "memory.limit_in_bytes", "memory.usage_in_bytes"
        elif not controllers:
            root, limit, usage = mount, "memory.max", "memory.current"
        else:
            continue
        folder = root / path.lstrip("/")
        for group in (folder, *folder.parents):
            if group == root.parent:
                break
            yield from _group(group, limit, usage)


def _group(folder: Path, limit: str, usage: str) -> Iterator[Headroom]:
    # A container often sees its own group as the root: then the path that /proc names is not there.
    if not (folder / limit).is_file() or not (folder / usage).is_file():
        return
    text = (folder / limit).read_text(encoding="utf-8").strip()
    if text == "max" or int(text) >= UNLIMITED:
        return
    statistics = dict(line.split() for line in (folder / "memory.stat").read_text(encoding="utf-8").splitlines())
    # Pages of files that nobody has touched lately are given back before anything is killed.
    cached = int(statistics.get("total_inactive_file", statistics.get("inactive_file", 0)))
    taken = int((folder / usage).read_text(encoding="utf-8")) - cached
    yield Headroom((int(text) - taken) / MB, int(text) / MB, "the container (cgroup memory limit)")
