"""Hydra's launcher of a sweep on Slurm: one array of jobs, each with its whole config."""

import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from hydra.core.utils import JobReturn, JobStatus, filter_overrides
from hydra_plugins.hydra_submitit_launcher.submitit_launcher import SlurmLauncher as SubmititLauncher
from omegaconf import DictConfig, open_dict

from shipworthy.config.load import load, plain
from shipworthy.config.root import Config
from shipworthy.core import yaml_text
from shipworthy.core.errors import ShipworthyError, UsageError
from shipworthy.core.progress import say
from shipworthy.core.project import project_root
from shipworthy.core.snapshot import SNAPSHOTS, Snapshot
from shipworthy.execution.inputs import check_inputs
from shipworthy.launch.script import render
from shipworthy.launch.settings import refuse
from shipworthy.launch.site import read_site
from shipworthy.launch.submit import checked, submit
from shipworthy.launch.sweep import Sweep
from shipworthy.launch.sweep_status import expect_results, follow

TOGETHER = ("train", "doctor")
"""The commands whose work several processes share."""


class SlurmLauncher(SubmititLauncher):
    """Hands the jobs of a sweep to Slurm, as one array; what runs is a snapshot, and each job's config is a file.

    Nothing is pickled, and nothing depends on this process once Slurm has the array.
    """

    def launch(self, job_overrides: Sequence[Sequence[str]], initial_job_idx: int) -> Sequence[JobReturn]:
        """Submits, and waits for the end unless told to detach; a job's metric is its return value."""
        assert self.config is not None
        command = str(self.config.hydra.job.name)
        found: list[JobReturn] = one_sentence(command, lambda: self._launch(command, job_overrides))
        return found

    def _launch(self, command: str, job_overrides: Sequence[Sequence[str]]) -> list[JobReturn]:
        settings = {key: value for key, value in self.params.items() if value is not None}
        refuse(settings)
        configs = [self._composed(command, overrides) for overrides in job_overrides]
        root, snapshot = project_root(), Snapshot.now()
        jobs = [filter_overrides(overrides) for overrides in job_overrides]
        made = Sweep.new(root, command, root / SNAPSHOTS / snapshot.name, settings, jobs)
        if settings["dry_run"]:
            print(render(made, read_site(), range(made.size)), end="")
            sys.exit(0)  # before a sweeper asks for results
        for config, overrides in zip(configs, jobs, strict=True):
            check_inputs(command, load(config), overrides)
        made.make([yaml_text.dump(plain(config)) for config in configs])
        checked(made)
        snapshot.keep(root / SNAPSHOTS)
        submit(made, range(made.size))
        if settings["detach"]:
            return [JobReturn(status=JobStatus.COMPLETED) for _ in jobs]
        sweep_status = follow(made)
        from shipworthy.stages.sweep import ending_of  # scipy is not what a submission waits for

        for line in ending_of(sweep_status):
            say(line)
        expect_results(sweep_status)
        returns = [JobReturn(status=JobStatus.COMPLETED) for _ in jobs]
        for number, job in enumerate(returns):
            job.return_value = sweep_status.metric(number)
        return returns

    def _composed(self, command: str, overrides: Sequence[str]) -> DictConfig:
        """A job's whole config, checked as the job will check it."""
        assert self.hydra_context is not None
        loader = self.hydra_context.config_loader
        config: DictConfig = loader.load_sweep_config(self.config, list(overrides))
        with open_dict(config):
            del config["hydra"]
        check_processes(self.params, command, load(config))
        return config


def check_processes(settings: Mapping[str, Any], command: str, config: Config) -> None:
    """Refuses several processes where their number is another, or only one could work.

    Raises:
        UsageError: with the setting, and what to do.
    """
    nodes, tasks = int(settings.get("nodes") or 1), int(settings.get("tasks_per_node") or 1)
    devices, gpus = getattr(config.trainer, "devices", None), settings.get("gpus_per_node")
    if gpus and devices is not None and gpus < devices:
        raise UsageError(
            f"hydra.launcher.gpus_per_node={gpus}, but trainer.devices={devices}: each process needs a GPU."
        )
    if nodes * tasks == 1:
        return
    what = f"hydra.launcher.nodes={nodes} and tasks_per_node={tasks}"
    if command not in TOGETHER:
        raise UsageError(f"{what}, but {command} is the work of one process: take hydra/launcher=slurm_cpu.")
    if devices is None:
        raise UsageError(
            f"{what}, but trainer '{config.trainer.kind}' trains in one process: take hydra/launcher=slurm_cpu."
        )
    if devices != tasks:
        raise UsageError(
            f"hydra.launcher.tasks_per_node={tasks} and trainer.devices={devices} must be the same: a process on "
            "a node is a task of Slurm."
        )


def one_sentence(command: str, work: Callable[[], Any]) -> Any:
    """What `work` returns; its error ends this process with one sentence."""
    try:
        return work()
    except ShipworthyError as error:  # Hydra would show a traceback
        print(f"shipworthy {command}: {error}", file=sys.stderr)
        sys.exit(error.exit_code)
