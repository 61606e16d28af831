"""The hardware that a run is planned for, and its price."""

from shipworthy.core.errors import UsageError
from shipworthy.core.groups import ComputeConfig
from shipworthy.core.schema import schema


@schema("compute", "machine")
class Machine(ComputeConfig):
    """One machine.

    Attributes:
        name: what the plan and the report call it.
        cores: processor cores (0: as many as this machine lets us use).
        memory_gb: main memory (gigabytes, 10^9 bytes; 0: as much as this machine lets us use).
        gpus: how many GPUs.
        gpu_name: their name, e.g. `NVIDIA A10G`.
        gpu_memory_gb: memory of one GPU (gigabytes, 10^9 bytes).
        gpu_tflops: peak of one GPU in dense 16-bit matrix products (10^12 operations per second).
        watts_idle: what the machine without its GPUs draws when it does nothing (watts; 0: not known).
        watts_busy: what it draws when all cores work (watts; 0: not known).
        gpu_watts: what one GPU draws at work, where its power was not measured (watts; 0: not known).
        price_per_hour: what an hour of the machine costs (in `currency`).
        currency: three letters, e.g. USD.
        budget_hours: the longest that the training may take (hours).
        budget_money: the most that the training may cost (in `currency`).
    """

    name: str = "machine"
    cores: int = 0
    memory_gb: float = 0.0
    gpus: int = 0
    gpu_name: str = ""
    gpu_memory_gb: float = 0.0
    gpu_tflops: float = 0.0
    watts_idle: float = 0.0
    watts_busy: float = 0.0
    gpu_watts: float = 0.0
    price_per_hour: float = 0.0
    currency: str = "USD"
    budget_hours: float = 1.0
    budget_money: float = 1.0

    def __post_init__(self) -> None:
        """Refuses machines that cannot be."""
        numbers = ("cores", "memory_gb", "gpus", "gpu_memory_gb", "gpu_tflops", "price_per_hour")
        for name in (*numbers, "watts_idle", "watts_busy", "gpu_watts", "budget_hours", "budget_money"):
            if getattr(self, name) < 0:
                raise UsageError(f"compute.{name}={getattr(self, name)} is negative: give 0 or more.")
        if self.watts_busy < self.watts_idle:
            raise UsageError(
                f"compute.watts_busy={self.watts_busy:g} is less than compute.watts_idle={self.watts_idle:g}: "
                "a machine draws more when it works."
            )
        if self.gpus and not (self.gpu_name and self.gpu_memory_gb and self.gpu_tflops):
            raise UsageError(
                f"compute.gpus={self.gpus} needs compute.gpu_name, compute.gpu_memory_gb and compute.gpu_tflops: "
                "the plan is made from them."
            )
