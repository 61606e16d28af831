"""Fully sharded: each process holds a part of every weight, of its gradient and of its moments (torch's FSDP2).

The layers are divided one by one, and what is left (embeddings, last norm, vocabulary projection) as one more. A
layer's weights are gathered before it computes and given up behind it; its gradients are summed over the processes, and
divided again, as soon as its backward pass is done. So a process computes its micro-batches one after another, and all
processes must compute equally many: who has fewer computes a spare one, whose loss counts nothing.

Lightning only places nothing and steps nothing here: its ModelParallelStrategy would divide the network after the
optimizer is built and the checkpoint read.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import torch
import torch.distributed as dist
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.fsdp import CPUOffloadPolicy, FSDPModule, MixedPrecisionPolicy, OffloadPolicy, fully_shard
from torch.distributed.tensor import DTensor

from shipworthy.core.errors import UsageError
from shipworthy.core.interrupt import asked
from shipworthy.models.adapters.network import Network, base_of, trained_of
from shipworthy.models.causal_lm.fitness import Batch
from shipworthy.models.causal_lm.structure import layers
from shipworthy.models.precision import Precision
from shipworthy.train.lightning.gradients import Losses
from shipworthy.train.lightning.processes import connect, gather_values
from shipworthy.train.lightning.steps import on
from shipworthy.train.strategies.placed import Root, device, placed
from shipworthy.train.strategies.protocol import Strategy
from shipworthy.train.strategies.schema import FSDP

if TYPE_CHECKING:
    from lightning.pytorch.strategies import Strategy as LightningStrategy


def build(config: FSDP) -> "FullySharded":
    """The strategy.

    Raises:
        UsageError: there is no GPU from which to offload.
    """
    if config.cpu_offload and not torch.cuda.is_available():
        raise UsageError("strategy.cpu_offload=true needs a GPU, and there is none: leave it out.")
    return FullySharded(config)


class FullySharded(Strategy):
    """See the module's head; methods as in `protocol.py`."""

    sharded = True

    def __init__(self, config: FSDP) -> None:
        self.config = config

    def lightning(self, world: int) -> "LightningStrategy":
        """A strategy that leaves module and optimizer where they are."""
        return placed(world)

    def wrap(self, network: Network, spare: Batch) -> None:
        """Divides the network; its weights move to this process's device, unless they are offloaded."""
        connect(1)  # where there are several, they are connected
        self.device, self.spare = device(), spare
        how: dict[str, Any] = {
            "mesh": init_device_mesh(self.device.type, (dist.get_world_size(),)),
            # Products in 16 bits are autocast's, as in one process: weights are sent as they are kept.
            "mp_policy": MixedPrecisionPolicy(reduce_dtype=torch.float32, cast_forward_inputs=False),
            "offload_policy": CPUOffloadPolicy() if self.config.cpu_offload else OffloadPolicy(),
            "reshard_after_forward": self.config.reshard_after_forward,
        }
        self.root: Any = Root(network)
        for part in (*layers(base_of(network)), self.root):
            fully_shard(part, **how)
        for part in self._parts():
            # A sum, not a mean: each loss is divided by the tokens of the whole step already.
            part.set_gradient_divide_factor(1.0)
            part.set_force_sum_reduction_for_comms(True)
        self.root.set_reduce_scatter_unused_params(True)  # an expert that no token of this process met
        with torch.no_grad():
            self.root(lambda: torch.zeros(()))  # the first forward pass makes it the root
        self.root.reshard()

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
        """Of one micro-batch after another, each summed over the processes."""
        for parameter in parameters:  # what the last update was made of would be added to
            parameter.grad = None
        most = max(gather_values(len(packs)))
        total = torch.zeros(2, dtype=torch.float64, device=self.device)
        found: list[torch.Tensor] = []
        for number in range(most):
            own = number < len(packs)
            loss = self._loss(network, packs[number] if own else self.spare, tokens, precision, losses)
            (loss * (scale if own else 0.0)).backward()
            total[0] += loss.detach() if own else 0.0
            parts = [_taken(parameter, scale) for parameter in parameters]
            found = [one + other for one, other in zip(found, parts, strict=True)] if found else parts
        total[1] = bool(asked())
        dist.all_reduce(total)
        return float(total[0]), found, bool(total[1] > 0)

    def _loss(self, network: Network, batch: Batch, tokens: int, precision: Precision, losses: Losses) -> torch.Tensor:
        (placed,) = on([batch], self.device)

        def compute() -> torch.Tensor:
            with precision.computing(self.device):
                return losses(base_of(network), placed).sum() / tokens

        loss: torch.Tensor = self.root(compute)
        return loss

    def norms(self, tensors: Sequence[torch.Tensor]) -> list[float]:
        """Of all parts of each."""
        parts = torch._foreach_norm([_part(tensor) for tensor in tensors])
        squares = torch.stack([part.double().square() for part in parts]).to(self.device)
        dist.all_reduce(squares)
        found: list[float] = squares.sqrt().tolist()
        return found

    @contextmanager
    def whole(self) -> Iterator[None]:
        """All weights are gathered at once, and given up at the end."""
        for part in self._parts():
            part.set_reshard_after_forward(False, recurse=False)
            part.unshard()
        try:
            yield
        finally:
            self.root.reset_iter_state()
            for part in self._parts():
                if part is not self.root:  # which is needed again at once, by its backward pass
                    part.set_reshard_after_forward(self.config.reshard_after_forward, recurse=False)

    def weights(self, network: Network, *, trained: bool) -> Mapping[str, torch.Tensor]:
        """They are gathered one by one; tied ones stay one tensor."""
        named: Mapping[str, torch.Tensor] = trained_of(network) if trained else network.state_dict(keep_vars=True)
        kept: dict[int, torch.Tensor] = {}
        for tensor in named.values():
            if id(tensor) not in kept:
                kept[id(tensor)] = (tensor.full_tensor() if isinstance(tensor, DTensor) else tensor).detach().cpu()
        return {name: kept[id(tensor)] for name, tensor in named.items()}

    def _parts(self) -> list[FSDPModule]:
        return [module for module in self.root.modules() if isinstance(module, FSDPModule)]


def _taken(parameter: torch.nn.Parameter, scale: float) -> torch.Tensor:
    """This process's part of a gradient, which is left empty for the next micro-batch."""
    gradient, parameter.grad = parameter.grad, None
    return torch.zeros_like(parameter, dtype=torch.float32) if gradient is None else gradient.float() / scale


def _part(tensor: torch.Tensor) -> torch.Tensor:
    return tensor.to_local() if isinstance(tensor, DTensor) else tensor
