"""One file: what `init` proposes for it, and whether that runs as it is."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from scripts.bench.inits import project
from scripts.bench.inits.files import Sample

MOST_SECONDS = 3600
ABSENT = "it is not here"
RECIPE = "recipe: "


@dataclass
class Attempt:
    """What came of a file.

    Attributes:
        name, expected: of the sample.
        recipe: what init proposed (empty: nothing).
        ran: whether the command that it printed last ran to a verdict.
        why: the verdict, or what was said instead.
        said: all that init printed.
    """

    name: str
    expected: str
    recipe: str = ""
    ran: bool = False
    why: str = ABSENT
    said: str = ""

    def to_json(self) -> dict[str, Any]:
        """As it stands in a line of JSON."""
        return asdict(self)


def attempt(sample: Sample, folder: Path) -> Attempt:
    """Tries a file in a project of its own.

    Args:
        folder: for the file and the project.
    """
    found, file = Attempt(sample.name, sample.expected), sample.make(folder)
    if file is None:
        return found
    home = project.make(folder / "project")
    done = project.call(home, "init", str(file))
    found.said = done.stdout
    if done.returncode:
        found.why = done.stderr.strip().splitlines()[-1]
        return found
    lines = done.stdout.strip().splitlines()
    found.recipe = next(line for line in lines if line.startswith(RECIPE)).removeprefix(RECIPE)
    ran = project.shell(home, lines[-1], MOST_SECONDS)
    verdict = [line for line in ran.stdout.splitlines() if line.startswith("VERDICT")]
    found.ran = ran.returncode == 0 and bool(verdict)
    found.why = verdict[-1] if found.ran else (ran.stderr.strip() or ran.stdout.strip()).splitlines()[-1]
    return found
