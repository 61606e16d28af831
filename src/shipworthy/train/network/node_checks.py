"""Checks by the processes of a training before it: each of its node, all together of the network's rate."""

import os
import platform
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import torch.distributed as dist

from shipworthy.core.finding import Finding
from shipworthy.train.lightning.processes import followers, gather_values, join
from shipworthy.train.network.rate import all_reduce_rate, finding, measured
from shipworthy.train.network.schema import Network

NodeCheck = Callable[..., list[Finding]]

MOST_TIMEOUT_S = 60.0
"""The longest that processes which are started only for these checks wait for one another (seconds)."""


def check_nodes(devices: int, network: Network, look: NodeCheck | None, about: Mapping[str, Any]) -> list[Finding]:
    """What the nodes' own checks and a timed all-reduce find.

    Where this process is the first of a job's, the job's processes take part; else they are started on this machine.

    Args:
        devices: processes on each machine.
        look: called on each node with `about`; importable by name.

    Raises:
        ShipworthyError: they cannot reach one another.
    """
    part: dict[str, Any] = {"network": network, "look": look, "about": dict(about)}
    with _network_environment(network), followers(devices, _check_on_other_rank, part):
        return _check(**part)


def _check_on_other_rank(**part: Any) -> None:
    """What the other processes do."""
    _check(**part)


def _check(network: Network, look: NodeCheck | None, about: Mapping[str, Any]) -> list[Finding]:
    if dist.is_initialized():  # in a job, which has measured it at its start
        rate = measured[-1]
    else:
        join(min(network.timeout_s, MOST_TIMEOUT_S))
        rate = all_reduce_rate()
    own = look(**about) if look and os.environ["LOCAL_RANK"] == "0" else []
    node = os.environ.get("SLURMD_NODENAME") or platform.node()
    return [*merged(gather_values((node, own))), finding(rate, dist.get_world_size(), network)]


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
def _network_environment(network: Network) -> Iterator[None]:
    """Sets the network's variables (NCCL, gloo) inside the block."""
    before = {name: os.environ.get(name) for name in network.variables()}
    os.environ.update(network.variables())
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name)
            if value is not None:
                os.environ[name] = value
