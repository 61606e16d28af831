"""The most memory that this process held at once, as Linux counts it."""

import resource
from contextlib import suppress
from pathlib import Path

STATUS, CLEAR = Path("/proc/self/status"), Path("/proc/self/clear_refs")
OF_THE_PEAK = "5"


def reset_peak() -> None:
    """From here on `peak_mb` counts anew; where the system doesn't allow that, it goes on counting from the start."""
    with suppress(OSError):
        CLEAR.write_text(OF_THE_PEAK, encoding="utf-8")


def peak_mb() -> float:
    """Resident memory at its peak (megabytes, 10^6 bytes)."""
    lines = STATUS.read_text(encoding="utf-8").splitlines() if STATUS.is_file() else []
    kib = next((int(line.split()[1]) for line in lines if line.startswith("VmHWM:")), 0)
    return (kib or resource.getrusage(resource.RUSAGE_SELF).ru_maxrss) * 1024 / 1e6
