"""How many cores a process takes."""

import os

import pytest

from shipworthy.core.machine import cores

ALL = len(os.sched_getaffinity(0))


@pytest.mark.parametrize(
    ("environment", "processes", "expected"),
    [
        ({}, 1, ALL),
        ({}, 2, max(1, ALL // 2)),
        ({}, 1000, 1),
        ({"SLURM_CPUS_PER_TASK": "1"}, 1, 1),
        ({"SLURM_CPUS_PER_TASK": "1"}, 2, 1),
        ({"SLURM_CPUS_PER_TASK": "100000"}, 1, ALL),
        # The processes of a task share its cores.
        ({"SLURM_CPUS_PER_TASK": str(ALL), "SLURM_STEP_NUM_TASKS": "1"}, 2, max(1, ALL // 2)),
        # srun: each process is a task.
        ({"SLURM_CPUS_PER_TASK": str(ALL), "SLURM_STEP_NUM_TASKS": "4"}, 2, ALL),
        # torchrun: each task is a node's.
        (
            {"SLURM_CPUS_PER_TASK": str(ALL), "SLURM_STEP_NUM_TASKS": "2", "LOCAL_WORLD_SIZE": "2"},
            2,
            max(1, ALL // 2),
        ),
    ],
)
def test_cores(monkeypatch, environment, processes, expected):
    for name in ("SLURM_CPUS_PER_TASK", "SLURM_STEP_NUM_TASKS", "LOCAL_WORLD_SIZE"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert cores(processes) == expected
