"""No compression."""

from collections.abc import Mapping
from typing import ClassVar

from shipworthy.core.errors import UsageError
from shipworthy.core.groups import QuantConfig
from shipworthy.core.schema import schema


@schema("quant", "none")
class Unchanged(QuantConfig):
    """The trained model is handed on as it is; it is small enough and answers in its own library.

    Attributes:
        sample: validation rows that it answers one by one, for its latency (rows).
    """

    needs: ClassVar[Mapping[str, tuple[str, ...]]] = {"model": ("in_process",), "engine": ("in_process",)}
    provides: ClassVar[tuple[str, ...]] = ("in_process",)

    sample: int = 200

    def __post_init__(self) -> None:
        if self.sample < 1:
            raise UsageError(f"quant.sample={self.sample} must be 1 or more.")
