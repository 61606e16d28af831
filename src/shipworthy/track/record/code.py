"""The difference between a run's code and its commit: changed and untracked source files."""

import subprocess
from pathlib import Path

from shipworthy.core.identity import SHARED
from shipworthy.core.secrets import redact

SOURCES = (".py", ".yaml", ".yml", ".toml", ".j2", ".sh", ".lock")
"""What of the untracked files is source; `.env`, data and pictures are not."""
MOST_BYTES = 1_000_000
"""A longer untracked file was not written by hand."""
_PLAIN = ("-c", "core.quotePath=false", "-c", "diff.noprefix=false", "-c", "diff.mnemonicPrefix=false")
_DIFF = ("diff", "--no-color", "--no-ext-diff", "--no-textconv")


def diff(root: Path) -> str:
    """`git diff HEAD` and every untracked source file as an addition, without secrets; empty where there is no Git.

    Args:
        root: of the project.
    """
    changed = _git(root, *_DIFF, "HEAD")
    untracked = _git(root, "ls-files", "--others", "--exclude-standard", "-z").split("\0")
    added = (_git(root, *_DIFF, "--no-index", "--", "/dev/null", name) for name in untracked if _is_source(root / name))
    return redact("".join([changed, *added]))


def _is_source(path: Path) -> bool:
    return path.suffix in SOURCES and path.is_file() and path.stat().st_size <= MOST_BYTES


def _git(root: Path, *arguments: str) -> str:
    try:
        done = subprocess.run(["git", *SHARED, *_PLAIN, *arguments], cwd=root, capture_output=True, check=False)
    except FileNotFoundError:  # a machine without Git
        return ""
    return done.stdout.decode(errors="replace") if done.returncode in (0, 1) else ""  # 1: a diff without an index
