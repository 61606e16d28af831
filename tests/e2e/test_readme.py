"""README's "Bring your own data", letter by letter: what its blocks say to a shell is said to one, to the report."""

import json
import os
import re
import subprocess
from pathlib import Path

import pytest

from tests.conftest import PROGRAM, ROOT
from tests.e2e.people import People

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(1800)]

SECTION = "Bring your own data"
BLOCK = re.compile(r"^ *```(\w*)\n(.*?)^ *```", re.MULTILINE | re.DOTALL)
SHELL = ("", "sh", "bash", "shell")


def section(page: str, title: str) -> str:
    """What stands under a title, up to the next."""
    found = re.search(rf"^## {re.escape(title)}\n(.*?)(?=^## |\Z)", page, re.MULTILINE | re.DOTALL)
    assert found, f"there is no section '{title}'"
    return found[1]


def shell_blocks(text: str) -> list[str]:
    """The blocks that a reader copies into a shell, as they are but for what they are indented by."""
    return [re.sub(r"^ {3}", "", body, flags=re.MULTILINE) if body.startswith("   ") else body
            for language, body in BLOCK.findall(text) if language in SHELL]  # fmt: skip


def inline_commands(text: str) -> list[str]:
    """Whole commands of ours inside sentences; one word alone is a name, not a command."""
    return re.findall(r"`(shipworthy \w+ [^`]+)`", BLOCK.sub("", text))


def test_the_blocks_and_the_commands_of_a_section_are_found() -> None:
    said = "Run `shipworthy init a.csv`, or `shipworthy init`.\n\n"
    blocks = "```\necho 1\n```\n\n```yaml\na: 1\n```\n   ```sh\n   cd b\n   ```\n"
    text = section(f"## A\n{said}{blocks}## B\n```\nno\n```\n", "A")
    assert shell_blocks(text) == ["echo 1\n", "cd b\n"]
    assert inline_commands(text) == ["shipworthy init a.csv"]


def test_every_step_runs_as_it_is_printed(tmp_path: Path) -> None:
    text = section((ROOT / "README.md").read_text(encoding="utf-8"), SECTION)
    blocks = shell_blocks(text)
    assert any("shipworthy pipeline" in block for block in blocks)
    unrun = [one for one in inline_commands(text) if not any(one in block.splitlines() for block in blocks)]
    assert unrun == [], "a command that no block holds, so that nobody runs it"

    project = People(tmp_path / "clone").folder
    path = f"{PROGRAM.parent}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path, "PYTHONPATH": str(project / "src")}
    for block in blocks:
        done = subprocess.run(
            ["bash", "-e", "-c", block], cwd=project, env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, f"{block}\n{done.stdout[-3000:]}{done.stderr[-3000:]}"
        assert "Traceback" not in done.stdout + done.stderr
    assert re.search(r"^VERDICT: (SHIP|DON'T SHIP): ", done.stdout, re.MULTILINE), done.stdout[-2000:]
    (report,) = project.glob("work/*/artifacts/report")
    assert (report / "report.html").stat().st_size > 10_000
    assert json.loads((report / "manifest.json").read_text(encoding="utf-8"))["kind"] == "report"
