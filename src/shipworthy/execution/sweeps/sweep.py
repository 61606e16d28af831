"""A command once per combination of values: one after another on this machine, or as jobs of a Slurm cluster."""

import difflib
import math
import re
import sys
from collections.abc import Sequence
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
from shipworthy.core.errors import UsageError
from shipworthy.core.interrupt import StopRequestedError
from shipworthy.core.project import project_root
from shipworthy.execution.stage import execute
from shipworthy.execution.sweeps.launcher import SlurmLauncher, one_sentence
from shipworthy.execution.sweeps.tracked import TrackedSweep
from shipworthy.launch.settings import SlurmSettings

ONE_BY_ONE = "hydra._internal.core_plugins.basic_sweeper.BasicSweeper"
"""Hydra's own sweeper, which needs no results to go on."""


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

    @hydra.main(config_path=str(project_root() / choices.CONF), config_name=CONFIG_NAME)
    def job(config: DictConfig) -> float:
        return _result(command, config, tracked, goes_on=about.sweeper._target_ != ONE_BY_ONE)

    own = [f"hydra.job.name={command}", *(f"hydra.launcher.{name}=true" for name in given)]
    sys.argv = [f"shipworthy {command}", "--multirun", *chosen_anew(overrides), *own]
    job()
    tracked.conclude()


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


def _result(command: str, config: DictConfig, tracked: TrackedSweep, *, goes_on: bool) -> float:
    """The metric of one run; NaN if it has none.

    Args:
        tracked: the sweep that it is a job of.
        goes_on: whether the sweep does, too, when a run fails: a sweeper that chooses by results takes note of it.
    """
    told: dict[str, Any] = {}
    try:
        arguments = HydraConfig.get().overrides.task
        loaded = one_sentence(command, lambda: load(config))
        with events.subscribed(told.update), tracked.job(loaded, arguments, told):
            one_sentence(command, lambda: execute(command, loaded, publish=False, arguments=arguments))
    except SystemExit as error:
        if not goes_on or error.code == StopRequestedError.exit_code:
            raise
        return math.nan
    return float(told.get("metric", math.nan))
