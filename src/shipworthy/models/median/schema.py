"""The median of the answers, whatever is asked."""

from typing import ClassVar

from shipworthy.core.groups import ModelConfig
from shipworthy.core.schema import schema


@schema("model", "median")
class Median(ModelConfig):
    """No settings."""

    tasks: ClassVar[tuple[str, ...]] = ("regression",)
