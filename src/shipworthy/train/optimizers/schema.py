"""The rules by which weights are updated: what can be set of each, and what each keeps in memory."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, prod
from typing import ClassVar

from shipworthy.core.errors import UsageError
from shipworthy.core.groups import OptimizerConfig
from shipworthy.core.schema import schema

SCALE = 4
"""Bytes of the scale that numbers in 8 bits share, and of a number that is not kept in 8 bits after all."""
BLOCK = 256
"""Numbers in 8 bits that share a scale (bitsandbytes)."""
SMALL = 4096
"""Weights of fewer numbers keep theirs in 32 bits (bitsandbytes)."""


@dataclass
class Rule(OptimizerConfig):
    """What all rules have.

    Attributes:
        lr: the highest rate.
        weight_decay: per step, times the rate; norms, biases and other weights of one dimension don't decay.
        lora_plus: the rate of LoRA's B matrices over that of its A (Hayou et al. 2024 find 16 good, with a lower `lr`).
        layer_decay: each layer's rate over that of the layer above it (1: all are the same; Howard and Ruder 2018).
    """

    provides: ClassVar[tuple[str, ...]] = ("gradient_steps",)

    lr: float = 1e-3
    weight_decay: float = 0.0
    lora_plus: float = 1.0
    layer_decay: float = 1.0

    def __post_init__(self) -> None:
        self._above(0, "lr", "lora_plus", "layer_decay")
        if self.weight_decay < 0:
            raise UsageError(f"optimizer.weight_decay={self.weight_decay} is negative: choose 0 or more.")
        if self.layer_decay > 1:
            raise UsageError(f"optimizer.layer_decay={self.layer_decay} must be at most 1: lower layers learn less.")

    def state_bytes(self, shape: Sequence[int], itemsize: int = 4) -> float:
        """What the rule keeps beside a trained weight (bytes).

        Args:
            shape: of the weight.
            itemsize: of its numbers, which most rules keep theirs like (bytes).
        """
        raise NotImplementedError

    def _above(self, bound: float, *names: str) -> None:
        for name in names:
            if (value := getattr(self, name)) <= bound:
                raise UsageError(f"optimizer.{name}={value} must be above {bound}.")

    def _shares(self, *names: str) -> None:
        for name in names:
            if not 0 <= (value := getattr(self, name)) < 1:
                raise UsageError(f"optimizer.{name}={value} must be from 0 to below 1.")


@schema("optimizer", "adamw")
class AdamW(Rule):
    """Adam with decoupled weight decay (Loshchilov and Hutter 2019); on a GPU in one fused kernel.

    Attributes:
        beta1, beta2: decay of the averages of the first and second moment.
        eps: added to the root of the second moment.
    """

    beta1: float = 0.9
    beta2: float = 0.999
    eps: float = 1e-8

    def __post_init__(self) -> None:
        super().__post_init__()
        self._above(0, "eps")
        self._shares("beta1", "beta2")

    def state_bytes(self, shape: Sequence[int], itemsize: int = 4) -> float:
        """Two moments of each number."""
        return 2.0 * itemsize * prod(shape)


@schema("optimizer", "adamw_8bit")
class AdamW8bit(AdamW):
    """AdamW whose moments are kept in 8 bits, by blocks (Dettmers et al. 2022); by bitsandbytes.

    Weights of fewer than 4,096 numbers keep theirs in 32 bits.
    """

    def state_bytes(self, shape: Sequence[int], itemsize: int = 4) -> float:
        """A byte for each moment, and a scale for each block of each."""
        numbers = prod(shape)
        return 2.0 * (SCALE * numbers if numbers < SMALL else numbers + SCALE * ceil(numbers / BLOCK))


@schema("optimizer", "paged_adamw_8bit")
class PagedAdamW8bit(AdamW8bit):
    """AdamW in 8 bits whose moments go to main memory while the GPU's is short (Dettmers et al. 2023, QLoRA)."""


@schema("optimizer", "adafactor")
class Adafactor(Rule):
    """Keeps a matrix's second moment as a mean of each row and each column, and no first (Shazeer and Stern 2018).

    A step is relative to the size of a weight: as large as its root mean square, times the smaller of the rate and one
    over the root of the steps made.

    Attributes:
        beta2_decay: the second moment's average is over about steps ^ beta2_decay of them (above 0).
        clip: the largest root mean square of an update (1 or more).
        eps: the least size that a weight counts as, so that one that begins at 0 moves.
    """

    lr: float = 1e-2
    beta2_decay: float = 0.8
    clip: float = 1.0
    eps: float = 1e-3

    def __post_init__(self) -> None:
        super().__post_init__()
        self._above(0, "eps", "beta2_decay")
        if self.clip < 1:
            raise UsageError(f"optimizer.clip={self.clip} must be 1 or more.")

    def state_bytes(self, shape: Sequence[int], itemsize: int = 4) -> float:
        """A number for each row and each column of a matrix; for each of all others' numbers one."""
        if len(shape) < 2:
            return float(itemsize * prod(shape))
        *stacked, rows, columns = shape
        return float(itemsize * prod(stacked) * (rows + columns))


@schema("optimizer", "lamb")
class Lamb(AdamW):
    """Adam whose step is as large, in each weight, as the weight itself times the rate (You et al. 2020).

    For very large batches.
    """

    eps: float = 1e-6


@schema("optimizer", "lion")
class Lion(Rule):
    """The sign of a mixture of momentum and gradient (Chen et al. 2023); `lr` 3 to 10 times below AdamW's.

    Attributes:
        beta1: share of the momentum in the mixture.
        beta2: decay of the momentum.
    """

    lr: float = 1e-4
    beta1: float = 0.9
    beta2: float = 0.99

    def __post_init__(self) -> None:
        super().__post_init__()
        self._shares("beta1", "beta2")

    def state_bytes(self, shape: Sequence[int], itemsize: int = 4) -> float:
        """The momentum of each number."""
        return float(itemsize * prod(shape))


@schema("optimizer", "muon")
class Muon(AdamW):
    """Momentum made orthogonal, for the matrices of layers (Jordan et al. 2024); all other weights by AdamW.

    A matrix's step is scaled to be as large as AdamW's (Liu et al. 2025), so that one rate serves both. The products
    that make it orthogonal are in bf16: slow on a CPU without instructions for that.

    Attributes:
        momentum: decay of the gradient's average.
        iterations: of Newton-Schulz, each three products of the matrix's size.
    """

    momentum: float = 0.95
    iterations: int = 5

    def __post_init__(self) -> None:
        super().__post_init__()
        self._shares("momentum")
        if not 1 <= self.iterations < 100:
            raise UsageError(f"optimizer.iterations={self.iterations} must be from 1 to 99.")

    def state_bytes(self, shape: Sequence[int], itemsize: int = 4) -> float:
        """At most: AdamW's two moments; of the matrices of layers it is half of that."""
        return 2.0 * itemsize * prod(shape)


@schema("optimizer", "sgd")
class SGD(Rule):
    """Stochastic gradient descent with momentum (Sutskever et al. 2013).

    Its weight decay is added to the gradient, and goes through the momentum with it.

    Attributes:
        momentum: decay of the gradients' sum (0: none is kept).
        nesterov: look one step ahead.
    """

    lr: float = 1e-2
    momentum: float = 0.9
    nesterov: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        self._shares("momentum")
        if self.nesterov and not self.momentum:
            raise UsageError("optimizer.nesterov=true has no effect with optimizer.momentum=0: drop one of them.")

    def state_bytes(self, shape: Sequence[int], itemsize: int = 4) -> float:
        """The momentum of each number, if there is any."""
        return float(itemsize * prod(shape)) if self.momentum else 0.0


@schema("optimizer", "none")
class NoOptimizer(OptimizerConfig):
    """The family brings its own."""
