"""What a training asks of its strategy; every process asks the same, in the same order."""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Protocol

import torch

from shipworthy.models.adapters.network import Network
from shipworthy.models.causal_lm.fitness import Batch
from shipworthy.models.precision import Precision
from shipworthy.train.lightning.gradients import Losses

if TYPE_CHECKING:
    from lightning.pytorch.strategies import Strategy as LightningStrategy


class Strategy(Protocol):
    """How the processes of a training share its work and its memory."""

    @property
    def sharded(self) -> bool:
        """Whether a process holds a part of the weights only, so that it can't compute without the others."""
        ...

    @property
    def own_moments(self) -> bool:
        """Whether what the optimizer keeps is another thing in each process, and is read again by as many."""
        return False

    def lightning(self, world: int) -> "LightningStrategy | str":
        """What Lightning is told."""
        ...

    def wrap(self, network: Network, spare: Batch) -> None:
        """Divides the network among the processes, which are connected; before its optimizer is built.

        Args:
            spare: any micro-batch: what a process computes, and leaves out, where others have more of them.
        """
        ...

    def take(self, optimizer: torch.optim.Optimizer, clip: float) -> None:
        """Is given the optimizer when it is built, and the largest global gradient norm."""
        return

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
        """The loss of a step over all processes, its gradients, and whether any process was asked to stop.

        Args:
            packs: the micro-batches of this process.
            parameters: what the gradients are taken of.
            tokens: supervised tokens of the whole step, over all processes.
            workers: threads that may compute packs side by side.
            losses: what the targets of a batch cost.
            scale: by what the loss is multiplied for the backward pass, and gradients divided behind it.

        Returns:
            The sum of all losses over `tokens` (nats), and of each parameter the gradient in float32, or of a parameter
            that is divided this process's part of it.
        """
        ...

    def norms(self, tensors: Sequence[torch.Tensor]) -> list[float]:
        """The Euclidean norm of each tensor, whole."""
        ...

    def update(
        self,
        parameters: Sequence[torch.nn.Parameter],
        gradients: list[torch.Tensor],
        scale: float,
        optimizer: torch.optim.Optimizer,
    ) -> None:
        """Makes the step's update.

        Args:
            gradients: those that `gradients` returned.
            scale: by which they are clipped (0 to 1).
        """
        torch._foreach_mul_(gradients, scale)
        for parameter, gradient in zip(parameters, gradients, strict=True):
            parameter.grad = gradient.to(parameter.dtype)
        optimizer.step()
        optimizer.zero_grad()  # else they would be there beside the next step's

    def restored(self) -> None:
        """Is told that weights and moments are those of a checkpoint now."""
        return

    def whole(self) -> AbstractContextManager[None]:
        """In the block each process holds all weights, and computes without the others."""
        ...

    def weights(self, network: Network, *, trained: bool) -> Mapping[str, torch.Tensor] | None:
        """Weights as they are, whole, in main memory, by their names in the network; None where the network has them.

        Args:
            trained: those that are trained, or all.
        """
        ...
