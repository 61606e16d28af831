"""The machine as the config says, and as it is."""

import os
from pathlib import Path

import psutil
import pytest

from shipworthy.architect.compute.machine import resolve, usable_memory
from shipworthy.architect.compute.schema import Machine
from shipworthy.core.errors import UsageError


def test_what_is_given_stays_and_what_is_open_is_read(tmp_path: Path) -> None:
    given = resolve(Machine(cores=3, memory_gb=5.0))
    assert (given.cores, given.memory_gb) == (3, 5.0)
    read = resolve(Machine(), cgroup_limit=tmp_path / "none")
    assert read.cores == len(os.sched_getaffinity(0))
    assert read.memory_gb == pytest.approx(psutil.virtual_memory().total / 1e9, abs=0.051)


def test_a_containers_limit_is_the_memory(tmp_path: Path) -> None:
    limit = tmp_path / "memory.max"
    limit.write_text("2000000000\n")
    assert usable_memory(limit) == 2_000_000_000
    limit.write_text("max\n")
    assert usable_memory(limit) == psutil.virtual_memory().total


@pytest.mark.parametrize(
    ("settings", "word"),
    [({"price_per_hour": -1.0}, "price_per_hour"), ({"gpus": 1}, "gpu_name"), ({"budget_hours": -2.0}, "budget_hours")],
)
def test_machines_that_cannot_be_are_refused(settings: dict[str, float], word: str) -> None:
    with pytest.raises(UsageError, match=word):
        Machine(**settings)
