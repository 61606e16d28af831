"""A project to try `shipworthy init` in: this one's conf/ and extensions, a data/ of its own, nothing else."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
FOLDERS = ("conf", "extensions", "hydra_plugins", "toolchains")
FILES = ("params.yaml", "pyproject.toml", "requirements.lock", "dvc.yaml")


def make(folder: Path) -> Path:
    """Makes the project."""
    for name in FOLDERS:
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in FILES:
        shutil.copy(ROOT / name, folder / name)
    for conf in (folder / "conf", *folder.glob("extensions/*/conf")):
        for path in conf.glob("data/*.yaml"):
            path.write_text(_without_source(path.read_text(encoding="utf-8")), encoding="utf-8")
    (folder / "data").mkdir()
    return folder


def _without_source(text: str) -> str:
    """A file of conf/data/ without its source: `fetch` then brings nothing for it."""
    kept, inside = [], False
    for line in text.splitlines(keepends=True):
        inside = line.startswith("source:") or (inside and line.startswith(" "))
        if not inside:
            kept.append(line)
    return "".join(kept)


def shell(folder: Path, command: str, seconds: float) -> "subprocess.CompletedProcess[str]":
    """Runs a command as it was printed, in a shell in the project's folder."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    words = ["bash", "-c", command]
    environment = {**os.environ, "PATH": path}
    return subprocess.run(
        words, cwd=folder, env=environment, capture_output=True, encoding="utf-8", check=False, timeout=seconds
    )


def call(folder: Path, *words: str) -> "subprocess.CompletedProcess[str]":
    """Runs `shipworthy WORDS` in the project, as a user's shell does."""
    program = Path(sys.executable).with_name("shipworthy")
    return subprocess.run([program, *words], cwd=folder, capture_output=True, encoding="utf-8", check=False)
