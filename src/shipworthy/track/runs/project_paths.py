"""The folders of a project's artifacts and runs."""

from dataclasses import dataclass
from pathlib import Path

from shipworthy.core.errors import UsageError
from shipworthy.core.project import project_root


@dataclass(frozen=True)
class ProjectPaths:
    """A workspace and its runs.

    Attributes:
        artifacts: the folder of the pipeline's artifacts.
        runs: the folder of the runs, beside it.
    """

    artifacts: Path
    runs: Path


def project_paths(workspace: str) -> ProjectPaths:
    """Of a workspace as the config names it, relative to the project's root.

    Raises:
        UsageError: there is no such folder.
    """
    artifacts = project_root() / workspace
    if not artifacts.parent.is_dir():
        raise UsageError(f"workspace={workspace}: there is no folder {artifacts.parent}.")
    return ProjectPaths(artifacts, artifacts.parent / "runs")
