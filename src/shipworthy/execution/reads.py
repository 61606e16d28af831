"""What a command reads, as its stage is written down: nothing of it is imported, which could take seconds."""

from dataclasses import fields
from pathlib import Path

from shipworthy.config.root import Config
from shipworthy.core.artifact import MADE_BY
from shipworthy.core.lineage import module

CAMPAIGNS = {"tune": ("train", "hpo"), "ablate": ("train", "ablation")}
"""A command that makes many runs → the command of each, and the group that says which."""
HYDRA = ("hydra/launcher", "hydra/sweeper")
"""What --multirun takes as well."""


def stage_groups(command: str) -> list[str]:
    """The parts of the config that a command's stage takes."""
    return [name for name in _text(command).arguments if name != "workspace"]


def reads(command: str) -> list[str]:
    """The groups and keys of the root config that a command reads, in the order of the config."""
    if command in CAMPAIGNS:
        of_each, group = CAMPAIGNS[command]
        return [*reads(of_each), group]
    stages = [*MADE_BY.values()] if command == "pipeline" else [command]
    named = {name for one in stages for name in stage_groups(one)} | {"workspace"}
    return [one.name for one in fields(Config) if one.name in named]


def usage(command: str) -> str:
    """The text by which a command that takes no config reads its words (core/words.py)."""
    return str(_text(command).constants["USAGE"])


def _text(command: str) -> module.Module:
    """A stage's module as it is written: importing it could take seconds."""
    path = Path(__file__).parents[1] / "stages" / f"{command}.py"
    return module.read(f"shipworthy.stages.{command}", path.read_bytes(), package=False)
