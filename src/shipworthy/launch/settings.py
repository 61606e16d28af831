"""What a sweep's jobs ask Slurm for: hydra-submitit-launcher's settings, and a few of our own."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from hydra_plugins.hydra_submitit_launcher.config import SlurmQueueConf

from shipworthy.core.errors import UsageError

STARTS = ("srun", "torchrun")
LEAST_S = 60
"""What a job has at least, before it is told to save (seconds)."""
NO_EFFECT = {
    "max_num_timeout": (0, "max_restarts says how often a job may start again"),
    "use_srun": (True, "start says what starts the processes"),
    "stderr_to_stdout": (False, "each process has one log for both"),
}
"""What submitit knows and we don't need: its default, and what there is instead."""
OURS = {"array", "error", "job-name", "open-mode", "output", "requeue", "signal"}
"""What a script says already."""


@dataclass
class SlurmSettings(SlurmQueueConf):
    """The `hydra.launcher` of a sweep on Slurm; the site's file fills what is left open.

    Attributes:
        timeout_min: the time limit of a job (minutes).
        signal_delay_s: how long before it a job is told to save and to go back into the queue (seconds).
        tasks_per_node: processes on each node that train together; the same as trainer.devices.
        start: what starts them, `srun` or `torchrun`.
        max_restarts: how often Slurm may start a job again.
        preemptible: take the site's preemptible partition.
        detach: return when the jobs are submitted.
        dry_run: show what would be submitted, and submit nothing.
    """

    _target_: str = "shipworthy.execution.sweeps.launcher.SlurmLauncher"
    start: str = "srun"
    max_restarts: int = 20
    preemptible: bool = False
    detach: bool = False
    dry_run: bool = False


def refuse(settings: Mapping[str, Any]) -> None:
    """Refuses settings that can't work, and those that would have no effect.

    Args:
        settings: those that are set.

    Raises:
        UsageError: with the setting's name, and what to do.
    """
    if (start := settings.get("start")) not in STARTS:
        raise UsageError(f"hydra.launcher.start={start} starts nothing: choose {' or '.join(STARTS)}.")
    least = {"nodes": 1, "tasks_per_node": 1, "cpus_per_task": 1, "array_parallelism": 1, "max_restarts": 0}
    for name, lowest in {**least, "gpus_per_node": 0, "signal_delay_s": 0}.items():
        if (value := settings.get(name)) is not None and value < lowest:
            raise UsageError(f"hydra.launcher.{name}={value} must be at least {lowest}.")
    for name, value in settings.items():
        if isinstance(value, int | float) and not (0 <= value < math.inf or (name == "nice" and math.isfinite(value))):
            raise UsageError(f"hydra.launcher.{name}={value}: give a finite number from 0.")
    limit_s, delay_s = settings["timeout_min"] * 60, settings["signal_delay_s"]
    if limit_s < delay_s + LEAST_S:
        raise UsageError(
            f"hydra.launcher.timeout_min={settings['timeout_min']} leaves a job {max(0, limit_s - delay_s)} s until it "
            f"is told, signal_delay_s={delay_s} s before its limit, to save: set it to "
            f"{-((delay_s + LEAST_S) // -60)} or more."
        )
    _refuse_without_effect(settings)


def _refuse_without_effect(settings: Mapping[str, Any]) -> None:
    for name, (default, instead) in NO_EFFECT.items():
        if settings.get(name, default) != default:
            raise UsageError(f"hydra.launcher.{name} has no effect here: drop it; {instead}.")
    for name in settings.get("additional_parameters", {}):
        if name.replace("_", "-") in OURS:
            raise UsageError(f"hydra.launcher.additional_parameters.{name} is set by the sweep itself: drop it.")
