"""llama.cpp's file format and its quantizations."""

from collections.abc import Mapping
from dataclasses import field
from typing import ClassVar

from shipworthy.core.errors import UsageError
from shipworthy.core.groups import QuantConfig
from shipworthy.core.schema import schema

FORMATS = ("q8_0", "q4_k_m")


@schema("quant", "gguf")
class Gguf(QuantConfig):
    """Merged, converted to GGUF in 16 bits, and quantized from there.

    Attributes:
        variants: the quantizations to make and to choose from: q8_0 (8 bits) and q4_k_m (mostly 4 to 6 bits).
        sample: validation rows that each variant answers one by one, for its latency (rows).
        parallel: sequences in one batch while the test split is answered; only the speed depends on it.
    """

    needs: ClassVar[Mapping[str, tuple[str, ...]]] = {"model": ("causal_lm",), "engine": ("llamacpp",)}

    variants: list[str] = field(default_factory=lambda: list(FORMATS))
    sample: int = 32
    parallel: int = 32

    def __post_init__(self) -> None:
        """Refuses what llama.cpp would not make."""
        if not self.variants or len(set(self.variants)) < len(self.variants):
            raise UsageError(f"quant.variants={self.variants}: name at least one of {', '.join(FORMATS)}, each once.")
        for name in self.variants:
            if name not in FORMATS:
                raise UsageError(f"quant.variants names '{name}': choose from {', '.join(FORMATS)}.")
        if self.sample < 1 or self.parallel < 1:
            raise UsageError(f"quant.sample={self.sample} and quant.parallel={self.parallel} must be 1 or more.")
