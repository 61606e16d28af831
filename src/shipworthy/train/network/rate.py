"""How fast the processes of a run exchange numbers, measured."""

import statistics
import time

import torch
import torch.distributed as dist

from shipworthy.core.finding import Finding, Level
from shipworthy.train.network.schema import Network

MEGABYTES = 32
ROUNDS = 5

measured: list[float] = []
"""What this process has measured (Gbit/s), the newest last."""


def all_reduce_rate() -> float:
    """Gbit/s that each process sends and receives in an all-reduce; all processes of the run take part.

    Bus bandwidth as nccl-tests define it: 2 (n - 1) / n times the size, by the median time of a few rounds.
    """
    device = torch.device("cuda", torch.cuda.current_device()) if torch.cuda.is_available() else torch.device("cpu")
    numbers = torch.zeros(MEGABYTES * 1_000_000 // 4, device=device)
    world, seconds = dist.get_world_size(), []
    for _ in range(ROUNDS + 1):  # the first one makes the connections
        begun = time.monotonic()
        dist.all_reduce(numbers)
        if device.type == "cuda":
            torch.cuda.synchronize(device)
        seconds.append(time.monotonic() - begun)
    measured.append(float(2 * (world - 1) / world * MEGABYTES * 8e-3 / statistics.median(seconds[1:])))
    return measured[-1]


def finding(rate: float, processes: int, network: Network) -> Finding:
    """What the measured rate (Gbit/s) means for this network: a warning where it is far below the link's."""
    said = f"{rate:.1f} Gbit/s over {processes} processes"
    if not network.link_gbit:
        unset = "network.link_gbit is not set, so it is compared with nothing"
        return Finding(Level.OK, "all-reduce", f"{said} ({unset})")
    share = f"{100 * rate / network.link_gbit:.3g}% of the link's {network.link_gbit:g}"
    if rate >= network.least_share * network.link_gbit:
        return Finding(Level.OK, "all-reduce", f"{said}, {share}")
    return Finding(
        Level.WARNING,
        "all-reduce",
        f"{said}, only {share}: is network.interface the fast one (`ip link`), and is InfiniBand in use "
        "(NCCL_DEBUG=INFO in network.environment tells)?",
    )


def sentence(rate: float, processes: int, network: Network) -> str:
    """The same for a log; begins with `warning` where the rate is far too low."""
    found = finding(rate, processes, network)
    return f"{'warning: ' if found.level is Level.WARNING else ''}{found.what}: {found.said}"
