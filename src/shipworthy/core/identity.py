"""What a run was made by: code, environment, and the id that follows from them."""

import getpass
import importlib.metadata
import os
import platform
import subprocess
import sys
from collections.abc import Mapping
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

from shipworthy.core.errors import UsageError
from shipworthy.core.extensions import extensions, module_files
from shipworthy.core.files import read_json, sha256_of_file, sha256_of_json
from shipworthy.core.project import SNAPSHOT, code_root, project_root

LOCK = "requirements.lock"
LIBRARIES = ("torch", "lightning", "transformers", "peft", "tokenizers", "xgboost-cpu", "scikit-learn", "numpy")


SHARED = ("-c", "safe.directory=*")
"""Of a project that another user of the machine owns, Git says nothing unless told to: its code is what runs here."""


def _git(*arguments: str) -> str:
    """What Git says; bytes that are no UTF-8, as in the diff of a Latin-1 file, are written in hexadecimal."""
    try:
        result = subprocess.run(["git", *SHARED, *arguments], cwd=project_root(), capture_output=True, check=False)
    except FileNotFoundError:  # a machine without Git
        return ""
    return result.stdout.decode(errors="backslashreplace").strip() if result.returncode == 0 else ""


@cache
def author() -> str:
    """Who works here: `Name <address>` of Git's config, else whose the Slurm job or the login is."""
    lines = _git("config", "--get-regexp", r"^user\.(name|email)$").splitlines()
    known = dict(line.partition(" ")[::2] for line in lines)  # a key that is set twice: the last, as Git takes it
    name, address = known.get("user.name", ""), known.get("user.email", "")
    if name or address:
        return f"{name} <{address}>" if name and address else name or address
    if user := os.environ.get("SLURM_JOB_USER"):
        return user
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):  # a container's user who has no name
        return f"user {os.getuid()}"


@cache
def package_files() -> dict[str, bytes]:
    """The package's own files, read once: what is kept of a run is what its id was made of, whoever edits meanwhile."""
    package = Path(__file__).parents[1]
    files = (path for path in sorted(package.rglob("*")) if path.is_file() and "__pycache__" not in path.parts)
    return {str(path.relative_to(package)): path.read_bytes() for path in files}


@cache
def extension_files() -> dict[str, bytes]:
    """The Python files of the extensions, read once."""
    return {name: path.read_bytes() for name, path in module_files(extensions()).items()}


def expect_own_code() -> None:
    """Refuses the code of another checkout: an environment that was copied with its project still imports the first's.

    Raises:
        UsageError: the project has code of its own, and what runs is another.
    """
    here, own = Path(__file__).parents[1], project_root() / "src" / "shipworthy"
    if code_root() != project_root() or not own.is_dir() or own.samefile(here):
        return
    files = {str(path.relative_to(own)): path.read_bytes() for path in own.rglob("*.py")}
    if files != {name: text for name, text in package_files().items() if name.endswith(".py")}:
        raise UsageError(
            f"what runs is the code in {here}, and {own} is another: make this checkout its own environment with "
            "`scripts/env`, or install it with `pip install --editable .`."
        )


@cache
def source_hash() -> str:
    """The hash of the package's and the extensions' source files, letter by letter: by it code is found again."""
    own = {name: text for name, text in package_files().items() if name.endswith(".py")}
    return sha256_of_json({name: sha256(text).hexdigest() for name, text in {**own, **extension_files()}.items()})


@cache
def code_version() -> dict[str, str]:
    """Git SHA, hash of what was uncommitted (empty if nothing was), and hash of the package's source."""
    if (noted := code_root() / SNAPSHOT).is_file():
        version: dict[str, str] = read_json(noted)
        return version
    dirty = _git("status", "--porcelain")
    uncommitted = sha256_of_json([dirty, _git("diff", "HEAD")]) if dirty else ""
    return {"git_sha": _git("rev-parse", "HEAD"), "uncommitted": uncommitted, "source": source_hash()}


@cache
def lock_hash() -> str:
    """The SHA-256 of the dependency lock (empty where there is none)."""
    lock = code_root() / LOCK
    return sha256_of_file(lock) if lock.is_file() else ""


def _version(library: str) -> str | None:
    try:
        return importlib.metadata.version(library)
    except importlib.metadata.PackageNotFoundError:
        return None


@cache
def environment() -> dict[str, Any]:
    """Lock, Python, libraries and hardware, without importing anything heavy."""
    torch = sys.modules.get("torch")
    return {
        "lock": lock_hash(),
        "python": platform.python_version(),
        "platform": platform.platform(),
        "machine": platform.machine(),
        "processor": _processor(),
        "cpus": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "threads": torch.get_num_threads() if torch else None,
        "cuda": torch.version.cuda if torch else None,
        "gpus": [torch.cuda.get_device_name(i) for i in range(torch.cuda.device_count())] if torch else None,
        "libraries": {library: _version(library) for library in LIBRARIES},
    }


def _processor() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.is_file():
        for line in cpuinfo.read_text(encoding="utf-8", errors="replace").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor()


def run_id(command: str, config: Any, inputs: Mapping[str, str], code: str) -> str:
    """The id of a run: 16 hexadecimal digits that follow from command, config, inputs, code and lock.

    Args:
        code: the digest of the command's lineage.
    """
    identity = {"command": command, "config": config, "inputs": {**inputs}, "code": code, "lock": lock_hash()}
    return sha256_of_json(identity)[:16]
