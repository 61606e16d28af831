"""Energy that a run uses, by the configured power of its machine (watts)."""

from shipworthy.architect.compute.schema import Machine
from shipworthy.core.energy import JOULES_PER_KWH, watts


def kwh(machine: Machine, seconds: float) -> float | None:
    """Energy of a time at full work, GPUs included (kilowatt-hours); None where a part is not known."""
    if not machine.watts_busy or (machine.gpus and not machine.gpu_watts):
        return None
    power = watts(machine.watts_idle, machine.watts_busy, 1.0) + machine.gpus * machine.gpu_watts
    return power * seconds / JOULES_PER_KWH
