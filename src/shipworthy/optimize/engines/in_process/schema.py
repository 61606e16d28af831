"""The model's own library, in the caller's process."""

from collections.abc import Mapping
from typing import ClassVar

from shipworthy.core.errors import UsageError
from shipworthy.core.groups import EngineConfig
from shipworthy.core.schema import schema


@schema("engine", "in_process")
class InProcess(EngineConfig):
    """No server: whoever asks loads the model.

    Attributes:
        requests: rows that are asked one by one.
        batch_rows: rows that are asked at once, at most.
    """

    needs: ClassVar[Mapping[str, tuple[str, ...]]] = {"quant": ("in_process",)}

    requests: int = 200
    batch_rows: int = 4096

    def __post_init__(self) -> None:
        for name in ("requests", "batch_rows"):
            if getattr(self, name) < 1:
                raise UsageError(f"engine.{name}={getattr(self, name)} must be 1 or more.")
