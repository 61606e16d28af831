"""ZeRO-1 and 2 by DeepSpeed: each process has all weights, and a part of the moments and gradients.

DeepSpeed's engine sums the gradients, clips them and makes the update, in our optimizer, whose weights it replaces by
one flat part of them; what is asked of it beyond that (whose step it is, what is saved) stays ours. It means to average
over processes: a loss is multiplied by their number first. All must compute equally many micro-batches: who has fewer
computes a spare one, whose loss counts nothing.

Lightning's DeepSpeedStrategy is not used: it is for GPUs alone, and its checkpoints are pickles.
"""

import logging
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import torch
import torch.distributed as dist

from shipworthy.core.errors import UsageError
from shipworthy.core.interrupt import asked
from shipworthy.models.adapters.network import Network, base_of
from shipworthy.models.causal_lm.fitness import Batch
from shipworthy.models.precision import Precision
from shipworthy.train.lightning.gradients import Losses
from shipworthy.train.lightning.processes import connect, gather_values
from shipworthy.train.lightning.steps import on
from shipworthy.train.strategies.placed import Root, device, placed
from shipworthy.train.strategies.protocol import Strategy
from shipworthy.train.strategies.schema import DeepSpeed

if TYPE_CHECKING:
    from lightning.pytorch.strategies import Strategy as LightningStrategy


def build(config: DeepSpeed) -> "ZeRO":
    """The strategy.

    Raises:
        UsageError: DeepSpeed is not installed, or there is no GPU from which to offload.
    """
    try:
        import deepspeed  # noqa: F401 (takes seconds, and brings a logger of its own)
    except ImportError as error:
        raise UsageError(
            "strategy=deepspeed needs DeepSpeed, which is not installed: `pip install --no-build-isolation deepspeed`, "
            "or take strategy=fsdp."
        ) from error
    logging.getLogger("DeepSpeed").setLevel(logging.ERROR)
    if config.cpu_offload and not torch.cuda.is_available():
        raise UsageError("strategy.cpu_offload=true needs a GPU, and there is none: leave it out.")
    return ZeRO(config)


class ZeRO(Strategy):
    """See the module's head; methods as in `protocol.py`."""

    sharded = False
    own_moments = True

    def __init__(self, config: DeepSpeed) -> None:
        self.config = config

    def lightning(self, world: int) -> "LightningStrategy":
        """A strategy that leaves module and optimizer where they are."""
        return placed(world)

    def wrap(self, network: Network, spare: Batch) -> None:
        """The network moves to this process's device; it is given to the engine with its optimizer."""
        connect(1)  # where there are several, they are connected
        self.device, self.spare = device(), spare
        self.root = Root(network.to(self.device))

    def take(self, optimizer: torch.optim.Optimizer, clip: float) -> None:
        """Starts the engine."""
        import deepspeed
        from deepspeed.utils import groups

        alone = "LOCAL_RANK" not in os.environ
        os.environ.setdefault("LOCAL_RANK", "0")  # it asks for it, of one process, too
        groups._WORLD_GROUP = None  # of a training before in this process, whose connections are closed
        zero: dict[str, Any] = {"stage": self.config.stage}
        if self.config.cpu_offload:
            zero["offload_optimizer"] = {"device": "cpu", "pin_memory": True}
        self.engine, *_ = deepspeed.initialize(
            model=self.root,
            optimizer=optimizer,
            dist_init_required=False,
            config={
                "train_micro_batch_size_per_gpu": 1,  # it only counts by it
                "gradient_accumulation_steps": 1,
                "gradient_clipping": clip,
                "zero_optimization": zero,
                "zero_allow_untested_optimizer": True,
                "zero_force_ds_cpu_optimizer": False,
                "steps_per_print": 10**9,
            },
        )
        if alone:
            del os.environ["LOCAL_RANK"]

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
        """Of one micro-batch after another, summed over the processes behind the last; nothing is scaled."""
        from deepspeed.utils import safe_get_full_grad

        self._forget()
        most, world = max(gather_values(len(packs))), dist.get_world_size()
        total = torch.zeros(2, dtype=torch.float64, device=self.device)
        for number in range(most):
            own = number < len(packs)
            (batch,) = on([packs[number] if own else self.spare], self.device)

            def compute(batch: Batch = batch) -> torch.Tensor:
                with precision.computing(self.device):
                    return losses(base_of(network), batch).sum() / tokens

            self.engine.set_gradient_accumulation_boundary(number == most - 1)
            loss = self.engine(compute)
            self.engine.backward(loss * world if own else loss * 0.0)
            total[0] += loss.detach() if own else 0.0
        total[1] = bool(asked())
        dist.all_reduce(total)
        found = [safe_get_full_grad(parameter).float() for parameter in parameters]
        return float(total[0]), found, bool(total[1] > 0)

    def _forget(self) -> None:
        """What a step summed that was left out is dropped, as the engine drops one that overflowed."""
        zero = self.engine.optimizer
        zero.zero_grad()
        if self.config.cpu_offload:
            zero.reset_cpu_buffers()
            return
        for kept in (zero.averaged_gradients, zero.all_grad_tensors):
            for group in kept:
                kept[group] = None

    def norms(self, tensors: Sequence[torch.Tensor]) -> list[float]:
        """Each process has the same tensors."""
        found: list[float] = torch.stack(torch._foreach_norm(list(tensors))).tolist()
        return found

    def update(
        self,
        parameters: Sequence[torch.nn.Parameter],
        gradients: list[torch.Tensor],
        scale: float,
        optimizer: torch.optim.Optimizer,
    ) -> None:
        """The engine has the gradients, and clips them by the same norm."""
        self.engine.step()

    def restored(self) -> None:
        """The engine's own copies of the weights follow."""
        self.engine.optimizer.refresh_fp32_params()

    @contextmanager
    def whole(self) -> Iterator[None]:
        """Each process has all weights anyway."""
        yield

    def weights(self, network: Network, *, trained: bool) -> None:
        """The network has them."""
