"""The most frequent answer, whatever is asked."""

from shipworthy.core.groups import ModelConfig
from shipworthy.core.schema import schema


@schema("model", "majority")
class Majority(ModelConfig):
    """No settings."""
