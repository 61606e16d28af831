"""System metrics of a run (CPU, memory, GPUs), sampled every few seconds by a thread."""

import json
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import psutil

from shipworthy.core import gpus
from shipworthy.core.machine import cores
from shipworthy.core.progress import say

FILE = "system.jsonl"
Sample = dict[str, Any]


class Sampler:
    """Writes a line of system.jsonl every `seconds`, from `start` to `stop`.

    A sample is `time` (seconds since the epoch), `cpu_percent` (of the cores that the run may use: 100 is all of them
    at work), `memory_mb` (megabytes that the run's processes hold) and `gpus`: of each, `utilisation` (percent of the
    time in which a kernel ran), `memory_mb` and `power_w` (watts; None where the driver does not tell).
    """

    def __init__(self, folder: Path, seconds: float, send: Callable[[Mapping[str, float], int], None]) -> None:
        """Takes no sample yet.

        Args:
            send: is given each sample as flat numbers, and its number in the run.
        """
        self._path, self._seconds, self._send = folder / FILE, seconds, send
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="system", daemon=True)
        self._cores, self._busy, self._clock = cores(), 0.0, 0.0
        self._processes: dict[int, float] = {}
        self._full = False

    def start(self) -> None:
        """Begins; the numbers go on from the lines that an earlier start of the run left."""
        self._number = self._path.read_bytes().count(b"\n") if self._path.is_file() else 0
        self._load()  # load is between two moments, and this is the first one
        self._thread.start()

    def stop(self) -> None:
        """Takes a last sample, and ends."""
        self._over.set()
        self._thread.join()

    def _run(self) -> None:
        with gpus.gauges() as read:
            while True:
                over = self._over.wait(self._seconds)
                self._take(read())
                if over:
                    return

    def _take(self, found: list[dict[str, float | None]]) -> None:
        cpu, memory = self._load()
        sample = {"time": time.time(), "cpu_percent": cpu, "memory_mb": memory, "gpus": found}
        self._number += 1
        try:
            with self._path.open("a", encoding="utf-8") as file:
                file.write(json.dumps(sample) + "\n")
        except OSError as error:
            if not self._full:
                say(f"{self._path} can't be written ({error.strerror}): the run goes on without these samples")
            self._full = True
        self._send(flat(sample), self._number)

    def _load(self) -> tuple[float, float]:
        """Percent of the cores since the last call, and memory in megabytes, of this process and its children."""
        own = psutil.Process()
        spent, memory = 0.0, 0
        for process in [own, *own.children(recursive=True)]:
            try:
                times, held = process.cpu_times(), process.memory_info().rss
            except psutil.Error:  # it ended meanwhile
                continue
            self._processes[process.pid] = times.user + times.system
            memory += held
        spent, now = sum(self._processes.values()), time.monotonic()
        share = (spent - self._busy) / max(now - self._clock, 1e-9) / self._cores
        self._busy, self._clock = spent, now
        percent = 100 * min(max(0.0, share), 1.0)  # the system counts in ticks, which a short interval overshoots
        return round(percent, 1), round(memory / 1e6, 1)


def flat(sample: Sample) -> dict[str, float]:
    """A sample as a tracker takes it: `system/cpu_percent`, `system/gpu0_power_w` …; what is not known is left out."""
    found = {f"system/{name}": sample[name] for name in ("cpu_percent", "memory_mb")}
    for number, one in enumerate(sample["gpus"]):
        found |= {f"system/gpu{number}_{name}": value for name, value in one.items() if value is not None}
    return found
