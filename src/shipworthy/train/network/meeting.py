"""What the processes of a training find when they meet: each the state of its node, together the network's rate."""

import os
import platform
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import torch.distributed as dist

from shipworthy.core.finding import Finding
from shipworthy.train.lightning.processes import everyones, followers, join
from shipworthy.train.network.rate import all_reduce_rate, finding, measured
from shipworthy.train.network.schema import Network

Look = Callable[..., list[Finding]]

LONGEST_S = 60.0
"""How long processes that are only started to meet wait for one another, at most (seconds)."""


def meet(devices: int, network: Network, look: Look | None, about: Mapping[str, Any]) -> list[Finding]:
    """Where this process is the first of a job's, they are those that meet; else they are started on this machine.

    Args:
        devices: processes on each machine.
        look: called on each node with `about`; importable by name.

    Raises:
        ShipworthyError: they cannot reach one another.
    """
    part: dict[str, Any] = {"network": network, "look": look, "about": dict(about)}
    with _told(network), followers(devices, _follow, part):
        return _take_part(**part)


def _follow(**part: Any) -> None:
    """What the other processes do."""
    _take_part(**part)


def _take_part(network: Network, look: Look | None, about: Mapping[str, Any]) -> list[Finding]:
    if dist.is_initialized():  # in a job, which has measured it at its start
        rate = measured[-1]
    else:
        join(min(network.timeout_s, LONGEST_S))
        rate = all_reduce_rate()
    own = look(**about) if look and os.environ["LOCAL_RANK"] == "0" else []
    node = os.environ.get("SLURMD_NODENAME") or platform.node()
    return [*merged(everyones((node, own))), finding(rate, dist.get_world_size(), network)]


def merged(nodes: Sequence[tuple[str, list[Finding]]]) -> list[Finding]:
    """What all nodes find is said once; else it is said of which."""
    where: dict[Finding, list[str]] = {}
    for node, found in nodes:
        for one in found:
            where.setdefault(one, []).append(node)
    looked = sum(bool(found) for _, found in nodes)
    order = list(dict.fromkeys(one.what for one in where))
    return [
        one if len(on) == looked else replace(one, what=f"{one.what} on {', '.join(on)}")
        for one, on in sorted(where.items(), key=lambda item: order.index(item[0].what))
    ]


@contextmanager
def _told(network: Network) -> Iterator[None]:
    """The libraries are told of the network, inside the block."""
    before = {name: os.environ.get(name) for name in network.variables()}
    os.environ.update(network.variables())
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name)
            if value is not None:
                os.environ[name] = value
