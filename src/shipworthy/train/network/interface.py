"""The network interface that the config names, on this machine."""

import psutil

from shipworthy.core.finding import Finding, Level
from shipworthy.train.network.schema import Network


def examine(network: Network, processes: int) -> Finding:
    """Whether it is here; a machine that only submits jobs may lack it.

    Args:
        processes: of a training that would use it from here.
    """
    here = sorted(psutil.net_if_addrs())
    if not network.interface:
        return Finding(Level.OK, "network", f"none is named in network.interface, NCCL and gloo choose: {_list(here)}")
    absent = [name for name in network.interface.split(",") if name not in here]
    if not absent:
        return Finding(Level.OK, "network", f"{network.interface} is here, of {_list(here)}")
    said = f"network.interface={network.interface}, but {_list(absent)} is not here, only {_list(here)}"
    if processes > 1:
        return Finding(Level.MISSING, "network", f"{said}: choose one of them.")
    return Finding(Level.WARNING, "network", f"{said}: right only if the nodes of your cluster have it.")


def _list(names: list[str]) -> str:
    return ", ".join(names)
