"""What strategies share that wrap the network themselves: its outermost module, its device, and a passive Lightning."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import torch
from torch.nn import Module

from shipworthy.models.adapters.network import Network

if TYPE_CHECKING:
    from lightning.pytorch.strategies import Strategy as LightningStrategy


class Root(Module):
    """The network, in whose forward pass anything can be computed with it: whoever wraps it sees one call."""

    def __init__(self, network: Network) -> None:
        super().__init__()
        self.network = network

    def forward(self, compute: Callable[[], torch.Tensor]) -> torch.Tensor:
        """What is computed."""
        return compute()


def device() -> torch.device:
    """Of this process."""
    return torch.device("cuda", torch.cuda.current_device()) if torch.cuda.is_available() else torch.device("cpu")


def placed(world: int) -> "LightningStrategy":
    """A strategy of Lightning's that leaves the module and its optimizer where they are."""
    from lightning.pytorch.strategies import DDPStrategy, SingleDeviceStrategy  # takes seconds

    class Placed:
        def model_to_device(self) -> None:
            """It is where it belongs, which may be main memory."""

        def setup_optimizers(self, trainer: Any) -> None:
            """The optimizer is ours: its moments stay where they are, too."""

    class Alone(Placed, SingleDeviceStrategy):
        pass

    class Several(Placed, DDPStrategy):
        def configure_ddp(self) -> None:
            """Leaves the module as it is."""

    return Several() if world > 1 else Alone(device())
