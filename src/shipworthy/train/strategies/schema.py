"""How the processes of a training share its work and its memory: the `strategy` group."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from shipworthy.core.errors import UsageError
from shipworthy.core.groups import StrategyConfig
from shipworthy.core.schema import schema


@dataclass
class Strategy(StrategyConfig):
    """What all strategies have."""


@schema("strategy", "ddp")
class DDP(Strategy):
    """Each process holds the whole network, and computes its part of each batch; gradients are summed once per step."""


@schema("strategy", "fsdp")
class FSDP(Strategy):
    """Weights, gradients and moments are divided among the processes (FSDP2; Zhao et al. 2023).

    A layer's weights are gathered while it computes. For a validation all are gathered at once: each device must hold
    them, without gradients and moments.

    Attributes:
        reshard_after_forward: a layer's weights are given up after its forward pass and gathered again for its backward
            pass; false keeps them: less to send, more memory.
        cpu_offload: each process's part of weights, gradients and moments waits in main memory, where the update is
            made, too (GPUs only).
    """

    needs: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "trainer": ("lightning",),
        "adapter": ("lora", "none"),
        "optimizer": ("adamw", "lamb", "lion", "muon", "sgd"),
    }
    excludes: ClassVar[Mapping[str, tuple[tuple[object, ...], str]]] = {
        "trainer.auto_batch": (
            (True,),
            "it tries one process that holds the whole network: set trainer.micro_batch_size",
        )
    }
    non_identity: ClassVar[tuple[str, ...]] = ("reshard_after_forward", "cpu_offload")

    reshard_after_forward: bool = True
    cpu_offload: bool = False


@schema("strategy", "deepspeed")
class DeepSpeed(Strategy):
    """Moments, and from stage 2 on gradients, are divided among the processes (ZeRO, Rajbhandari et al. 2020).

    By DeepSpeed. Each process holds all weights. What stage 3 divides, `fsdp` does.

    Attributes:
        stage: 1 (moments) or 2 (gradients, too).
        cpu_offload: moments wait in main memory, where the update is made (GPUs only).
    """

    needs: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "trainer": ("lightning",),
        "adapter": ("lora", "none"),
        # It lays weights one behind another: only rules that look at each number alone mean the same there.
        "optimizer": ("adamw", "lion", "sgd"),
    }
    excludes: ClassVar[Mapping[str, tuple[tuple[object, ...], str]]] = {
        "trainer.precision": (
            ("bf16", "fp16_mixed", "auto"),
            "its copies of weights in 32 bits, and its scale of the loss, are in no checkpoint: take bf16_mixed",
        )
    }
    non_identity: ClassVar[tuple[str, ...]] = ("cpu_offload",)

    stage: int = 2
    cpu_offload: bool = False

    def __post_init__(self) -> None:
        if self.stage not in (1, 2):
            raise UsageError(f"strategy.stage={self.stage} must be 1 or 2: what stage 3 divides, strategy=fsdp does.")
