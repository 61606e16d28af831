"""Commands as messages and pages print them: such that they work where the reader is, pasted into a shell."""

import re
import shlex
import textwrap
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from shipworthy.core.project import project_root

DEFAULT_WORKSPACE = "artifacts"
DVC_PARAMS = ("--params", "params.yaml")
"""What dvc.yaml gives every command."""

_given: list[tuple[str, ...] | None] = [None]


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


def wrapped(text: str, width: int) -> list[str]:
    """The text in lines of at most `width` characters; what is in backquotes is not divided, however long it is."""
    held = re.sub("`[^`]*`", lambda found: found[0].replace(" ", "\0"), text)
    lines = textwrap.wrap(held, width, break_long_words=False, break_on_hyphens=False)
    return [line.replace("\0", " ") for line in lines]


def beside(runs: Path) -> Path:
    """A workspace that has these runs: they are those of every workspace that they stand beside."""
    return runs.parent / DEFAULT_WORKSPACE


@contextmanager
def given(arguments: Sequence[str] | None) -> Iterator[None]:
    """Inside the block `again` repeats these: what the running command was given on its command line.

    Args:
        arguments: None: nobody knows.
    """
    _given.append(None if arguments is None else tuple(arguments))
    try:
        yield
    finally:
        _given.pop()


def told() -> tuple[str, ...] | None:
    """What the running command was given on its command line (None: nobody knows)."""
    return _given[-1]


def again(name: str, arguments: Sequence[str] | None = None) -> str:
    """Another command of the same recipe: `shipworthy prepare experiment=adult`.

    Under `dvc repro` it is that; but what is fetched is no stage of DVC's.

    Args:
        arguments: of the command that it follows (None: what the running one was given).
    """
    arguments = tuple((_given[-1] or ()) if arguments is None else arguments)
    return "dvc repro" if arguments == DVC_PARAMS and name != "fetch" else shlex.join(["shipworthy", name, *arguments])
