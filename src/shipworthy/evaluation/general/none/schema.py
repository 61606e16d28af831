"""No general benchmarks."""

from shipworthy.core.groups import GeneralConfig
from shipworthy.core.schema import schema


@schema("general", "none")
class NoBenchmarks(GeneralConfig):
    """Nothing beside the task is asked."""

    watched: str = "conf/general"
