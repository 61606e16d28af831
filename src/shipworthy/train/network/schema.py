"""How the processes of a training on several nodes talk to one another: the `network` group."""

from dataclasses import field

from shipworthy.core.errors import UsageError
from shipworthy.core.groups import NetworkConfig
from shipworthy.core.schema import schema

LIBRARIES = ("NCCL_", "GLOO_", "FI_", "UCX_")


@schema("network", "sockets")
class Network(NetworkConfig):
    """What NCCL (GPUs) and gloo (CPUs) are told.

    Attributes:
        interface: the network interface that they take, e.g. `ib0` (empty: they choose).
        link_gbit: what the link between two nodes can carry (Gbit/s; 0: unknown, nothing is compared with it).
        least_share: a timed all-reduce below this share of the link's rate is warned of (0 to 1).
        timeout_s: the longest that a process waits for the others (seconds).
        environment: variables of the libraries, e.g. `NCCL_IB_DISABLE: "1"`.
    """

    interface: str = ""
    link_gbit: float = 0.0
    least_share: float = 0.3
    timeout_s: float = 1800.0
    environment: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Refuses what cannot be."""
        if self.link_gbit < 0 or self.timeout_s <= 0 or not 0 <= self.least_share <= 1:
            raise UsageError(
                f"network: link_gbit={self.link_gbit} must be from 0, timeout_s={self.timeout_s} above 0, and "
                f"least_share={self.least_share} from 0 to 1."
            )
        for name in self.environment:
            if not name.startswith(LIBRARIES):
                raise UsageError(
                    f"network.environment.{name} is no setting of the network: its variables begin with "
                    f"{', '.join(LIBRARIES)}; others belong into the site's file."
                )

    def variables(self) -> dict[str, str]:
        """What is set in the environment of each process before it connects."""
        own = {name: self.interface for name in ("NCCL_SOCKET_IFNAME", "GLOO_SOCKET_IFNAME") if self.interface}
        return {**own, **self.environment}
