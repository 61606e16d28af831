"""One command's stage, run with the groups of the config that it takes."""

import importlib
import os
from collections.abc import Callable, Sequence

from shipworthy.config.load import as_plain
from shipworthy.config.root import Config
from shipworthy.core.commands import DVC_PARAMS, given
from shipworthy.core.identity import expect_own_code
from shipworthy.core.lineage.lineage import lineage
from shipworthy.core.project import project_root
from shipworthy.core.workspace import Workspace
from shipworthy.execution.reads import stage_groups
from shipworthy.execution.recipe import recipe

RECORDED = "train"
"""The command that makes runs."""


def stage(command: str) -> Callable[..., None]:
    """The function of a command."""
    function: Callable[..., None] = importlib.import_module(f"shipworthy.stages.{command}").run
    return function


def stage_non_identity(command: str) -> tuple[str, ...]:
    """Those of them that don't make another run."""
    names: tuple[str, ...] = getattr(importlib.import_module(f"shipworthy.stages.{command}"), "NON_IDENTITY", ())
    return names


def stage_reads(command: str) -> tuple[str, ...]:
    """The kinds of the artifacts that it always reads, in the order in which they are made."""
    kinds: tuple[str, ...] = getattr(importlib.import_module(f"shipworthy.stages.{command}"), "READS", ())
    return kinds


def stage_if_there(command: str) -> tuple[str, ...]:
    """The kinds of artifacts that it reads where they are there, and does without where they are not."""
    kinds: tuple[str, ...] = getattr(importlib.import_module(f"shipworthy.stages.{command}"), "LATER", ())
    return kinds


def leaves_artifact(command: str, config: Config) -> bool:
    """Whether it does more than a trial of itself: `sample` and `preflight=only` are for the run's folder alone."""
    return not {"sample", "preflight"} <= {*stage_groups(command)} or not (config.sample or config.preflight == "only")


def workspace_of(command: str, config: Config, *, publish: bool = True) -> Workspace:
    """The workspace as a command is given it.

    Args:
        publish: whether the artifact, if it makes a whole one, is put into the workspace, or kept in runs/ only.
    """
    parts, whole = config.groups(), as_plain(config)
    return Workspace(
        root=project_root() / config.workspace,
        command=command,
        config={name: whole[name] for name in stage_groups(command)},
        seed=config.seed,
        publish=publish and leaves_artifact(command, config),
        non_identity={
            *stage_non_identity(command),
            *(f"{group}.{name}" for group, part in parts.items() for name in part.non_identity),
        },
        code=lineage(command, parts).digest,
        whole=whole,
    )


def execute(
    command: str,
    config: Config,
    *,
    publish: bool,
    arguments: Sequence[str] | None = None,
    launched: Sequence[str] | None = None,
) -> None:
    """Runs a stage with its groups of the config.

    Args:
        publish: as in `workspace_of`.
        arguments: what the command line gave, so that messages name commands that fit (None: it gave none).
        launched: the overrides that the config was composed of, where they are others than `arguments`.
    """
    expect_own_code()
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    # Threads that wait for one another without turning in place: 2 to 3 times as fast where there is other work.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    groups = {name: getattr(config, name) for name in stage_groups(command)}
    workspace = workspace_of(command, config, publish=publish)
    asked = arguments if launched is None else launched
    if command == RECORDED and asked is not None and tuple(asked[:1]) != DVC_PARAMS[:1]:
        workspace.recipe = recipe(asked, workspace.config, trial="SHIPWORTHY_CAMPAIGN" in os.environ)
    with given(arguments), workspace.owned():
        stage(command)(workspace=workspace, **groups)
