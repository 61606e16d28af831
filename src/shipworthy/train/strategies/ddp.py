"""Data parallel: each process has the whole network.

The sum over processes is taken by ourselves, once per step and weighted by tokens; Lightning starts the connection
and places the network, without torch's wrapper that averages over processes at every backward pass.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

import torch
import torch.distributed as dist

from shipworthy.core.interrupt import asked
from shipworthy.models.adapters.network import Network, base_of
from shipworthy.models.causal_lm.fitness import Batch
from shipworthy.models.precision import Precision
from shipworthy.train.lightning.gradients import Losses, gradients
from shipworthy.train.strategies.protocol import Strategy
from shipworthy.train.strategies.schema import DDP

if TYPE_CHECKING:
    from lightning.pytorch.strategies import Strategy as LightningStrategy


def build(config: DDP) -> "DataParallel":
    """The strategy."""
    return DataParallel()


class DataParallel(Strategy):
    """See the module's head; methods as in `protocol.py`."""

    sharded = False

    def lightning(self, world: int) -> "LightningStrategy | str":
        """DDP without its wrapper; of one process what Lightning takes by itself."""
        if world == 1:
            return "auto"
        from lightning.pytorch.strategies import DDPStrategy  # takes seconds, and only a training needs it

        class Unwrapped(DDPStrategy):
            def configure_ddp(self) -> None:
                """Leaves the module as it is."""

        return Unwrapped()

    def wrap(self, network: Network, spare: Batch) -> None:
        """Nothing is divided."""

    def gradients(
        self,
        network: Network,
        packs: Sequence[Batch],
        parameters: Sequence[torch.nn.Parameter],
        tokens: int,
        workers: int,
        precision: Precision,
        losses: Losses,
        scale: float,
    ) -> tuple[float, list[torch.Tensor], bool]:
        """Each process's own, summed in one exchange."""
        return summed(*gradients(base_of(network), packs, parameters, tokens, workers, precision, losses, scale))

    def norms(self, tensors: Sequence[torch.Tensor]) -> list[float]:
        """Each process has the same tensors."""
        found: list[float] = torch.stack(torch._foreach_norm(list(tensors))).tolist()
        return found

    @contextmanager
    def whole(self) -> Iterator[None]:
        """Each process has all weights anyway."""
        yield

    def weights(self, network: Network, *, trained: bool) -> None:
        """The network has them."""


def summed(loss: float, gradients: list[torch.Tensor]) -> tuple[float, list[torch.Tensor], bool]:
    """Loss and gradients summed over all processes, and whether any was asked to stop, in one exchange."""
    stop = bool(asked())
    if not dist.is_initialized():
        return loss, gradients, stop
    flat = torch.cat([gradients[0].new_tensor([loss, stop]), *(gradient.flatten() for gradient in gradients)])
    dist.all_reduce(flat)
    parts = flat[2:].split([gradient.numel() for gradient in gradients])
    summands = [part.view_as(gradient) for part, gradient in zip(parts, gradients, strict=True)]
    return float(flat[0]), summands, bool(flat[1] > 0)
