"""The same frequent labels, whatever is asked."""

from typing import ClassVar

from shipworthy.core.groups import ModelConfig
from shipworthy.core.schema import schema


@schema("model", "frequent")
class Frequent(ModelConfig):
    """No settings."""

    tasks: ClassVar[tuple[str, ...]] = ("multi_label",)
