"""How many threads an engine gets, and how they wait for one another."""

import os

# OpenMP's threads sleep instead of turning in place while they wait: on a machine that has other work to do, that is 2
# to 3 times as fast, on a quiet one about the same.
WAIT = {"OMP_WAIT_POLICY": "PASSIVE"}


def usable_threads() -> int:
    """CPU threads that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
