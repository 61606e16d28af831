"""The artifacts that a command reads: who submits many jobs is told of a missing one before any of them starts."""

import re
import shlex
from collections.abc import Sequence

from shipworthy.config.root import Config
from shipworthy.core.artifact import MADE_BY, MANIFEST
from shipworthy.core.errors import ArtifactError
from shipworthy.core.project import project_root
from shipworthy.execution.reads import stage_groups
from shipworthy.execution.stage import stage_reads

ALWAYS = ("experiment", "workspace")
"""What any command takes."""


def check_inputs(command: str, config: Config, overrides: Sequence[str]) -> None:
    """Refuses a workspace that lacks what a command reads.

    Args:
        overrides: those that `config` was composed with.

    Raises:
        ArtifactError: with the commands that make what is missing, and their overrides.
    """
    root = project_root() / config.workspace
    missing = [kind for kind in stage_reads(command) if not (root / kind / MANIFEST).is_file()]
    if not missing:
        return
    lines = [shlex.join(["shipworthy", MADE_BY[kind], *taken(MADE_BY[kind], overrides)]) for kind in missing]
    raise ArtifactError(
        f"There is no {' and no '.join(missing)} in {root}, and {command} reads it: run "
        f"{', then '.join(f'`{line}`' for line in lines)} first."
    )


def taken(command: str, overrides: Sequence[str]) -> list[str]:
    """Those of the overrides that have an effect on a command."""
    names = {*stage_groups(command), *ALWAYS}
    return [text for text in overrides if re.split(r"[./=@:]", text.lstrip("+~"), maxsplit=1)[0] in names]
