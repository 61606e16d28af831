"""A command once per combination of values: one after another on this machine, or as jobs of a Slurm cluster."""

import difflib
import math
import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import hydra
from hydra.core.hydra_config import HydraConfig
from hydra.core.override_parser.types import Override
from hydra.core.plugins import Plugins
from omegaconf import DictConfig

from shipworthy.config.compose import (
    CONFIG_NAME,
    check_overrides,
    chosen_anew,
    composed,
    composed_by_hydra,
    register,
    register_search_path,
)
from shipworthy.config.load import load
from shipworthy.config.overrides import in_hydras_grammar
from shipworthy.core import choices, events
from shipworthy.core.errors import ShipworthyError, UsageError
from shipworthy.core.interrupt import StopRequestedError
from shipworthy.core.progress import say
from shipworthy.core.project import project_root
from shipworthy.execution.stage import execute
from shipworthy.execution.sweeps.launcher import SlurmLauncher
from shipworthy.execution.sweeps.tracked import TrackedSweep
from shipworthy.launch.settings import SlurmSettings
from shipworthy.track.runs.project_paths import ProjectPaths

ONE_BY_ONE = "hydra._internal.core_plugins.basic_sweeper.BasicSweeper"
"""Hydra's own sweeper, which needs no results to go on."""


@dataclass(frozen=True)
class Done:
    """A job that is over.

    Attributes:
        run_id: of its run (empty: it made none).
        metric: its validation (NaN: it has none).
        said: why it failed (empty: it did not).
    """

    overrides: Sequence[str]
    workspace: str
    run_id: str
    metric: float
    said: str


def sweep(command: str, overrides: Sequence[str], *, detach: bool, dry_run: bool) -> None:
    """Runs a command once per combination, through Hydra's launcher and sweeper.

    Args:
        detach: on Slurm: return when the jobs are submitted.
        dry_run: on Slurm: print the script, and submit nothing.

    Raises:
        UsageError: what there is not, or does not go together.
    """
    register()
    register_search_path()
    overrides = in_hydras_grammar(overrides, sweep=True)
    parsed = check_overrides(overrides)
    about_hydra = [one.input_line for one in parsed if re.match(r"hydra[./]", one.key_or_group)]
    Plugins.instance().register(SlurmLauncher)
    about = chosen(about_hydra)
    given = [name for name, value in {"detach": detach, "dry_run": dry_run}.items() if value]
    _refuse(given, about)
    _try_values([one for one in parsed if one.input_line not in about_hydra])
    varied = [one.input_line for one in parsed if one.is_sweep_override()]
    tracked = TrackedSweep(command, [text for text in overrides if text not in about_hydra], varied)

    done: list[Done] = []

    @hydra.main(config_path=str(project_root() / choices.CONF), config_name=CONFIG_NAME)
    def job(config: DictConfig) -> float:
        done.append(_done(command, config, tracked, goes_on=about.sweeper._target_ != ONE_BY_ONE))
        return done[-1].metric

    own = [f"hydra.job.name={command}", *(f"hydra.launcher.{name}=true" for name in given)]
    sys.argv = [f"shipworthy {command}", "--multirun", *chosen_anew(overrides), *own]
    try:
        job()
    finally:
        for line in _ending(done):
            say(line)
        tracked.conclude()
    if failed := sum(bool(one.said) for one in done):
        raise ShipworthyError(f"{failed} of {len(done)} runs of the sweep failed; they are listed above.")


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
    composed_by_hydra(firsts)
    for number, texts in enumerate(values):
        for text in texts[1:]:
            composed_by_hydra([*firsts[:number], text, *firsts[number + 1 :]])


def _done(command: str, config: DictConfig, tracked: TrackedSweep, *, goes_on: bool) -> Done:
    """Runs one job; what goes wrong with it is said, and the others are run.

    Args:
        tracked: the sweep that it is a job of.
        goes_on: whether they are where this one cannot be done as asked: a sweeper that chooses by results takes note.

    Raises:
        SystemExit: it was asked to stop, or for what can't be done, and so is the sweep.
    """
    told: dict[str, Any] = {}
    arguments = list(HydraConfig.get().overrides.task)
    said = ""
    try:
        loaded = load(config)
        with events.subscribed(told.update), tracked.job(loaded, arguments, told):
            execute(command, loaded, publish=False, arguments=arguments)
    except ShipworthyError as error:
        said = str(error)
        print(f"shipworthy {command}: {said}", file=sys.stderr)
        if isinstance(error, StopRequestedError) or (isinstance(error, UsageError) and not goes_on):
            sys.exit(error.exit_code)
    metric = math.nan if said else float(told.get("metric", math.nan))
    return Done(arguments, str(config.workspace), str(told.get("run_id", "")), metric, said)


def _ending(done: Sequence[Done]) -> Iterator[str]:
    """The runs that were made on this machine, ranked, and those that failed."""
    if not done:
        return iter(())
    from shipworthy.track.runs import sweep_end  # the tests that it makes wait for scipy

    changed = sweep_end.own([one.overrides for one in done])
    jobs = [sweep_end.Job(text, one.run_id, one.said) for text, one in zip(changed, done, strict=True)]
    artifacts = project_root() / done[0].workspace
    return sweep_end.ending(jobs, ProjectPaths(artifacts, artifacts.parent / "runs"))
