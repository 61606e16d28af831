"""Commands as messages and pages print them: such that they work where the reader is, pasted into a shell."""

import shlex
from pathlib import Path

from shipworthy.core.project import project_root

DEFAULT_WORKSPACE = "artifacts"


def command(words: str, *, workspace: str | Path = DEFAULT_WORKSPACE) -> str:
    """`shipworthy WORDS`, with the workspace in which it is meant where that is not the default.

    Args:
        words: what follows the program's name, quoted as a shell needs it.
        workspace: as the config names it, or its folder; inside the project it is named from the project's root.
    """
    place = Path(workspace)
    if place.is_absolute() and place.is_relative_to(project_root()):
        place = place.relative_to(project_root())
    own = "" if str(place) == DEFAULT_WORKSPACE else f" workspace={shlex.quote(str(place))}"
    return f"shipworthy {words}{own}"
