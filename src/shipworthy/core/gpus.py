"""NVIDIA's GPUs as the driver tells of them, in a moment and without torch."""

import importlib.util
import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from shipworthy.core.finding import Finding, Level

Reading = dict[str, float | None]
"""What a GPU does at a moment: `utilisation` (percent of the time in which a kernel ran), `memory_mb`, `power_w`."""


@dataclass(frozen=True)
class Driver:
    """A machine's driver.

    Attributes:
        gpus: name and memory (bytes) of each.
        version: its own.
        cuda: the newest CUDA that it runs, as (major, minor).
    """

    gpus: list[tuple[str, int]]
    version: str
    cuda: tuple[int, int]


def driver() -> Driver | None:
    """The driver, or None where there is none."""
    import pynvml  # type: ignore[import-untyped]

    try:
        pynvml.nvmlInit()
    except pynvml.NVMLError:
        return None
    try:
        handles = [pynvml.nvmlDeviceGetHandleByIndex(number) for number in range(pynvml.nvmlDeviceGetCount())]
        cuda = int(pynvml.nvmlSystemGetCudaDriverVersion_v2())  # 12040: 12.4
        return Driver(
            [(str(pynvml.nvmlDeviceGetName(one)), int(pynvml.nvmlDeviceGetMemoryInfo(one).total)) for one in handles],
            str(pynvml.nvmlSystemGetDriverVersion()),
            (cuda // 1000, cuda % 1000 // 10),
        )
    finally:
        pynvml.nvmlShutdown()


def torch_cuda() -> str:
    """The CUDA that the installed torch was built for; empty for a CPU build. torch itself is not imported."""
    spec = importlib.util.find_spec("torch")
    assert spec is not None
    assert spec.origin is not None
    text = Path(spec.origin).with_name("version.py").read_text(encoding="utf-8")
    match = re.search(r"^cuda\b.*= *'([\d.]+)'", text, re.MULTILINE)
    return match[1] if match else ""


def examine(found: Driver | None, built_for: str, processes: int) -> Finding:
    """Whether the GPUs can be used; none at all is fine.

    Args:
        built_for: the CUDA of the installed torch; empty: none.
        processes: of a training on this machine, each with a GPU of its own.
    """
    if found is None or not found.gpus:
        return Finding(Level.OK, "GPU", "none here, so the CPU is used")
    said = ", ".join(f"{name} ({memory / 1e9:.0f} GB)" for name, memory in found.gpus)
    said += f", driver {found.version} for CUDA up to {found.cuda[0]}.{found.cuda[1]}"
    if not built_for:
        return Finding(
            Level.WARNING,
            "GPU",
            f"{said}, but torch is the CPU build and leaves them idle: SHIPWORTHY_TORCH=cuda scripts/env takes the "
            "other one.",
        )
    if int(built_for.partition(".")[0]) > found.cuda[0]:
        return Finding(
            Level.MISSING, "GPU", f"{said}, but torch is built for CUDA {built_for}: a newer driver is needed."
        )
    chosen = os.environ.get("CUDA_VISIBLE_DEVICES")
    usable = len(found.gpus) if chosen is None else len([one for one in chosen.split(",") if one.strip()])
    said += "" if chosen is None else f", of which this process may use CUDA_VISIBLE_DEVICES={chosen}"
    if processes > usable:
        return Finding(
            Level.MISSING, "GPU", f"{said}: trainer.devices={processes} is more than there are, set it to {usable}."
        )
    return Finding(Level.OK, "GPU", f"{said}, torch for CUDA {built_for}")


def visible(count: int) -> list[int]:
    """Which of the machine's GPUs this process may use, by number, where CUDA_VISIBLE_DEVICES gives numbers."""
    chosen = os.environ.get("CUDA_VISIBLE_DEVICES")
    named = [one.strip() for one in chosen.split(",")] if chosen is not None else []
    if chosen is None or not all(one.isdigit() for one in named if one):
        return list(range(count))
    return [int(one) for one in named if one and int(one) < count]


@contextmanager
def gauges() -> Iterator[Callable[[], list[Reading]]]:
    """Yields a function that reads each GPU of this process; in a reading None is what the driver does not tell."""
    import pynvml

    try:
        pynvml.nvmlInit()
    except pynvml.NVMLError:
        yield list
        return
    try:
        handles = [pynvml.nvmlDeviceGetHandleByIndex(number) for number in visible(pynvml.nvmlDeviceGetCount())]

        yield lambda: [_reading(one) for one in handles]
    finally:
        pynvml.nvmlShutdown()


def _reading(handle: Any) -> Reading:
    import pynvml

    questions: dict[str, Callable[[], float]] = {
        "utilisation": lambda: float(pynvml.nvmlDeviceGetUtilizationRates(handle).gpu),
        "memory_mb": lambda: float(pynvml.nvmlDeviceGetMemoryInfo(handle).used) / 1e6,
        "power_w": lambda: float(pynvml.nvmlDeviceGetPowerUsage(handle)) / 1e3,
    }
    found: Reading = {}
    for name, ask in questions.items():
        try:
            found[name] = ask()
        except pynvml.NVMLError:
            found[name] = None
    return found
