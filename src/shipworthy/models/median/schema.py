"""The median of the answers, whatever is asked."""

from collections.abc import Mapping
from typing import ClassVar

from shipworthy.core.groups import ModelConfig
from shipworthy.core.schema import schema


@schema("model", "median")
class Median(ModelConfig):
    """No settings."""

    needs: ClassVar[Mapping[str, tuple[str, ...]]] = {"trainer": ("classical",), "adapter": ("none",)}
    provides: ClassVar[tuple[str, ...]] = ("in_process",)
    tasks: ClassVar[tuple[str, ...]] = ("regression",)
