"""What a step of a training takes in memory, by parts: the same counts as the plan's, of the network as it is."""

from collections.abc import Sequence
from dataclasses import dataclass

from shipworthy.models.adapters.network import Network
from shipworthy.models.causal_lm.packed import Row, shape
from shipworthy.models.causal_lm.quantities import NetworkQuantities
from shipworthy.models.precision import PRECISIONS, Precision
from shipworthy.models.quantities import MB, MemoryParts, Rule

FLOAT32 = PRECISIONS["float32"]


@dataclass(frozen=True)
class StepMemory:
    """Counts steps of a network that is trained.

    Attributes:
        rule: of the optimizer.
        precision: in which micro-batches are computed.
        workers: of them that are computed side by side.
        begun: whether the optimizer's states are in memory already: the first step makes them.
        offload: whether what layers keep that are computed again waits in main memory.
    """

    network: Network
    rule: Rule
    precision: Precision = FLOAT32
    workers: int = 1
    begun: bool = False
    offload: bool = False

    @property
    def quantities(self) -> NetworkQuantities:
        """The network, counted."""
        return NetworkQuantities(self.network, self.precision, offload=self.offload)

    def parts(self, rows: Sequence[Row], workers: int | None = None) -> MemoryParts:
        """The parts of a step over micro-batches like this one.

        Args:
            rows: of the largest micro-batch.
            workers: instead of `self.workers`.
        """
        on_gpu = self.network.device.type != "cpu"
        return self.quantities.memory(shape(rows), self.rule, workers or self.workers, on_gpu=on_gpu)

    def missing_mb(self, rows: Sequence[Row], workers: int | None = None) -> float:
        """What the step takes on top of what is in memory before it (megabytes, 10^6 bytes)."""
        need = self.parts(rows, workers)
        return (need.step + (0 if self.begun else need.optimizer)) / MB
