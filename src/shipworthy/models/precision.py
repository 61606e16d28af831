"""In which numbers a network is trained: what its weights are kept in, and what its products are computed in.

`bf16` and `bf16_mixed` differ in the weights. In `bf16` they are kept in 16 bits, but for those of an adapter, which
are added in 32; in `bf16_mixed` and `fp16_mixed` all are kept in 32 bits, and cast for each product (Micikevicius et
al. 2018). float16 has fewer exponents: there the loss is scaled, so that small gradients don't become 0.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch

from shipworthy.core.errors import UsageError

AMPERE = (8, 0)
"""The first compute capability of NVIDIA's GPUs that has bf16 and TF32."""
CPU_INSTRUCTIONS = {"avx512_bf16": "AVX-512 BF16", "amx_bf16": "AMX BF16"}


@dataclass(frozen=True)
class Precision:
    """One of the values of `trainer.precision`, but `auto`.

    Attributes:
        name: that value.
        weights: what the network's own weights are kept in.
        products: what matrix products are computed in where it is another type than the weights' (None: the weights').
        tf32: whether products of float32 matrices may be rounded to TF32 (19 bits) on a GPU.
        scale: by what the loss is multiplied at first while gradients are computed (1: it is not).
    """

    name: str
    weights: torch.dtype = torch.float32
    products: torch.dtype | None = None
    tf32: bool = False
    scale: float = 1.0

    @property
    def rounding(self) -> torch.dtype:
        """The type by which the results are rounded."""
        return self.products or self.weights

    @contextmanager
    def computing(self, device: torch.device) -> Iterator[None]:
        """A forward pass in the block is computed in it; of this thread only."""
        with torch.autocast(device.type, dtype=self.products, enabled=self.products is not None):
            yield


PRECISIONS = {
    one.name: one
    for one in (
        Precision("float32"),
        Precision("tf32", tf32=True),
        Precision("bf16", weights=torch.bfloat16),
        Precision("bf16_mixed", products=torch.bfloat16),
        Precision("fp16_mixed", products=torch.float16, scale=2.0**16),
    )
}


def choose(name: str, device: torch.device) -> tuple[Precision, str]:
    """The precision that `trainer.precision=NAME` means on a device, and why.

    Raises:
        UsageError: the device cannot compute in it.
    """
    has, because = has_bf16(device)
    if name == "auto":
        return PRECISIONS["bf16" if has else "float32"], because
    chosen = PRECISIONS[name]
    if not has and torch.bfloat16 in (chosen.weights, chosen.products):
        raise UsageError(f"trainer.precision={name}: {because}: take trainer.precision=float32, or auto.")
    if chosen.tf32 and not (device.type == "cuda" and torch.cuda.get_device_capability(device) >= AMPERE):
        raise UsageError(
            "trainer.precision=tf32 is of NVIDIA's GPUs from Ampere on (A100, 30 series), and this is none: take "
            "trainer.precision=float32, or auto."
        )
    return chosen, f"trainer.precision={name}"


def planned(name: str, *, on_gpu: bool) -> Precision:
    """The precision on a machine that is planned for: this processor, or GPUs, which count as from Ampere on.

    Raises:
        UsageError: this processor cannot compute in it.
    """
    if on_gpu:
        return PRECISIONS["bf16" if name == "auto" else name]
    return choose(name, torch.device("cpu"))[0]


def has_bf16(device: torch.device) -> tuple[bool, str]:
    """Whether a device has instructions for bf16, and what it has or lacks: without them it is many times slower."""
    if device.type == "cuda":
        name = torch.cuda.get_device_name(device)
        has = torch.cuda.get_device_capability(device) >= AMPERE
        return has, f"{name} {'computes' if has else 'is older than Ampere, and does not compute'} in bf16"
    found = torch.cpu.get_capabilities()
    names = [title for key, title in CPU_INSTRUCTIONS.items() if found.get(key)]
    return bool(names), f"this processor has {' and '.join(names) or 'no instructions for bf16'}"


def allow_tf32(precision: Precision) -> None:
    """Sets for this process whether products of float32 matrices may be rounded on a GPU."""
    torch.set_float32_matmul_precision("high" if precision.tf32 else "highest")
