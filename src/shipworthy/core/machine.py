"""What this process may use of the machine."""

import os


def cores(processes: int = 1) -> int:
    """Cores for each of so many processes on this machine: those of its Slurm task, or a share of them all."""
    allowed = len(os.sched_getaffinity(0))
    if of_task := os.environ.get("SLURM_CPUS_PER_TASK"):
        allowed = min(allowed, int(of_task))
        if int(os.environ.get("SLURM_STEP_NUM_TASKS", "1")) > 1:  # each process is a task, or torchrun on a node is
            return max(1, allowed // int(os.environ.get("LOCAL_WORLD_SIZE", "1")))
    return max(1, allowed // processes)
