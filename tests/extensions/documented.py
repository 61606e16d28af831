"""The extension of docs/extensions.md, as its blocks stand, in a project of its own."""

import re
import shutil
from itertools import product
from pathlib import Path

from tests.conftest import ROOT

PAGE = (ROOT / "docs" / "extensions.md").read_text(encoding="utf-8")
TEAMS = {
    "billing": ["invoice", "refund", "payment", "receipt"],
    "basement": ["printer", "router", "cable", "screen"],
    "accounts": ["password", "login", "badge"],  # the fewest, so that the most frequent team begins with b
}
TROUBLES = ["vanished", "is wrong today", "was promised last week", "keeps coming back", "must change"]
MOODS = ["please help", "this is urgent", "no hurry", "once more"]


def files() -> dict[str, str]:
    """Name → content of every block that begins with its name."""
    blocks = re.findall(r"^```(?:python|yaml)\n# (extensions/\S+)\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    return dict(blocks)


def commands() -> list[list[str]]:
    """The words of each line of the page's shell, without the program's name."""
    (block,) = re.findall(r"^```sh\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    return [line.split()[1:] for line in block.splitlines()]


def project(folder: Path) -> Path:
    """A project with our conf/, the raw file and nothing else."""
    shutil.copytree(ROOT / "conf", folder / "conf")
    shutil.copytree(ROOT / "extensions", folder / "extensions", ignore=shutil.ignore_patterns("__pycache__", "tests"))
    lines = [
        f"{mood.capitalize()}, my {thing} {trouble} => {team}"
        for team, things in TEAMS.items()
        for thing, trouble, mood in product(things, TROUBLES, MOODS)
    ]
    (folder / "data").mkdir()
    (folder / "data" / "mine.tickets").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder


def write(root: Path, inside: str = "extensions/tickets") -> None:
    """Writes the page's files under `root`, with `inside` in the place of extensions/tickets."""
    for name, text in files().items():
        path = root / inside / Path(name).relative_to("extensions/tickets")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
