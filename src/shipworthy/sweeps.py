"""A command once per combination of values: one after another on this machine, or as jobs of a Slurm cluster."""

import difflib
import math
import re
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import hydra
from hydra.core.override_parser.types import Override
from hydra.core.plugins import Plugins
from hydra.core.utils import JobReturn, JobStatus, filter_overrides
from hydra_plugins.hydra_submitit_launcher.submitit_launcher import SlurmLauncher as SubmititLauncher
from omegaconf import DictConfig, OmegaConf, open_dict

from shipworthy.config import CONFIG_NAME, Config, check_overrides, composed, load, register, register_search_path
from shipworthy.core import choices, events
from shipworthy.core.errors import ShipworthyError, UsageError
from shipworthy.core.interrupt import StopRequestedError
from shipworthy.core.project import project_root
from shipworthy.core.snapshot import SNAPSHOTS, Snapshot
from shipworthy.launch.script import render
from shipworthy.launch.settings import SlurmSettings, refuse
from shipworthy.launch.site import read_site
from shipworthy.launch.submit import checked, submit
from shipworthy.launch.sweep import Sweep
from shipworthy.launch.sweep_status import expect_results, follow

ONE_BY_ONE = "hydra._internal.core_plugins.basic_sweeper.BasicSweeper"
"""Hydra's own sweeper, which needs no results to go on."""
TOGETHER = ("train", "doctor")
"""The commands whose work several processes share."""


def sweep(
    command: str, overrides: Sequence[str], detach: bool, dry_run: bool, execute: Callable[[DictConfig], None]
) -> None:
    """Runs a command once per combination, through Hydra's launcher and sweeper.

    Args:
        detach: on Slurm: return when the jobs are submitted.
        dry_run: on Slurm: print the script, and submit nothing.
        execute: runs the command with one composed config.

    Raises:
        UsageError: what there is not, or does not go together.
    """
    register()
    register_search_path()
    parsed = check_overrides(overrides)
    about_hydra = [one.input_line for one in parsed if re.match(r"hydra[./]", one.key_or_group)]
    Plugins.instance().register(SlurmLauncher)
    about = chosen(about_hydra)
    given = [name for name, value in {"detach": detach, "dry_run": dry_run}.items() if value]
    _refuse(given, about)
    _try_values([one for one in parsed if one.input_line not in about_hydra])

    @hydra.main(config_path=str(project_root() / choices.CONF), config_name=CONFIG_NAME)
    def job(config: DictConfig) -> float:
        return _result(command, lambda: execute(config), goes_on=about.sweeper._target_ != ONE_BY_ONE)

    own = [f"hydra.job.name={command}", *(f"hydra.launcher.{name}=true" for name in given)]
    sys.argv = [f"shipworthy {command}", "--multirun", *overrides, *own]
    job()


def chosen(overrides: Sequence[str]) -> DictConfig:
    """Launcher and sweeper."""
    try:
        found: DictConfig = composed(overrides, with_hydra=True).hydra
    except UsageError as error:
        ours = choices.of("hydra/launcher")
        for text in overrides:
            group, _, name = text.partition("=")
            close = difflib.get_close_matches(name, ours, n=1)
            if group == "hydra/launcher" and close and name not in ours:
                raise UsageError(f"{text}: there is no such launcher: did you mean {group}={close[0]}?") from error
        raise
    return found


def _refuse(given: Sequence[str], about: DictConfig) -> None:
    """Refuses --detach and --dry-run where they have no effect, or no sense."""
    options = " and ".join(f"--{name.replace('_', '-')}" for name in given)
    if len(given) > 1:
        raise UsageError(f"{options} exclude each other: drop one of them.")
    if given and about.launcher._target_ != SlurmSettings._target_:
        raise UsageError(f"{options} is for jobs on a cluster: add hydra/launcher=slurm_cpu, or another of them.")
    if "detach" in given and about.sweeper._target_ != ONE_BY_ONE:
        raise UsageError(
            "--detach leaves a sweeper that chooses by results without any: drop it, or hydra/sweeper, and name the "
            "values."
        )


def _try_values(parsed: Sequence[Override]) -> None:
    """Composes the config with each value once: what Hydra refuses later has a traceback or several lines.

    Raises:
        UsageError: with the value.
    """
    values = [
        [f"{one.get_key_element()}={value}" for value in one.sweep_string_iterator()]
        if one.is_discrete_sweep()
        else [one.input_line]
        for one in parsed
        if not one.is_sweep_override() or one.is_discrete_sweep()
    ]
    firsts = [texts[0] for texts in values]
    composed(firsts)
    for number, texts in enumerate(values):
        for text in texts[1:]:
            composed([*firsts[:number], text, *firsts[number + 1 :]])


def _one_sentence(command: str, work: Callable[[], Any]) -> Any:
    try:
        return work()
    except ShipworthyError as error:  # Hydra would show a traceback
        print(f"shipworthy {command}: {error}", file=sys.stderr)
        sys.exit(error.exit_code)


def _result(command: str, work: Callable[[], Any], *, goes_on: bool) -> float:
    """The metric of one run; NaN if it has none.

    Args:
        goes_on: whether the sweep does, too, when a run fails: a sweeper that chooses by results takes note of it.
    """
    told: dict[str, Any] = {}
    try:
        with events.subscribed(told.update):
            _one_sentence(command, work)
    except SystemExit as error:
        if not goes_on or error.code == StopRequestedError.exit_code:
            raise
        return math.nan
    return float(told.get("metric", math.nan))


class SlurmLauncher(SubmititLauncher):
    """Hands the jobs of a sweep to Slurm, as one array; what runs is a snapshot, and each job's config is a file.

    Nothing is pickled, and nothing depends on this process once Slurm has the array.
    """

    def launch(self, job_overrides: Sequence[Sequence[str]], initial_job_idx: int) -> Sequence[JobReturn]:
        """Submits, and waits for the end unless told to detach; a job's metric is its return value."""
        assert self.config is not None
        command = str(self.config.hydra.job.name)
        found: list[JobReturn] = _one_sentence(command, lambda: self._launch(command, job_overrides))
        return found

    def _launch(self, command: str, job_overrides: Sequence[Sequence[str]]) -> list[JobReturn]:
        settings = {key: value for key, value in self.params.items() if value is not None}
        refuse(settings)
        params = [self._params(command, overrides) for overrides in job_overrides]
        root, snapshot = project_root(), Snapshot.now()
        jobs = [filter_overrides(overrides) for overrides in job_overrides]
        made = Sweep.new(root, command, root / SNAPSHOTS / snapshot.name, settings, jobs)
        if settings["dry_run"]:
            print(render(made, read_site(), range(made.size)), end="")
            sys.exit(0)  # before a sweeper asks for results
        made.make(params)
        checked(made)
        snapshot.keep(root / SNAPSHOTS)
        submit(made, range(made.size))
        if settings["detach"]:
            return [JobReturn(status=JobStatus.COMPLETED) for _ in jobs]
        sweep_status = follow(made)
        expect_results(sweep_status)
        returns = [JobReturn(status=JobStatus.COMPLETED) for _ in jobs]
        for number, job in enumerate(returns):
            job.return_value = sweep_status.metric(number)
        return returns

    def _params(self, command: str, overrides: Sequence[str]) -> str:
        """A job's whole config, checked as the job will check it."""
        assert self.hydra_context is not None
        config = self.hydra_context.config_loader.load_sweep_config(self.config, list(overrides))
        with open_dict(config):
            del config["hydra"]
        check_processes(self.params, command, load(config))
        return OmegaConf.to_yaml(config, resolve=True)


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
