"""Atomic writes, hashes and locks of files and folders."""

import ctypes
import errno
import hashlib
import json
import os
import shutil
import socket
import uuid
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from fnmatch import fnmatchcase
from itertools import takewhile
from pathlib import Path
from typing import Any

from shipworthy.core.errors import ShipworthyError

BLOCK_BYTES = 1 << 20
FULL_BYTES = 1 << 16
"""A disk with less room is full: polars, for one, then complains of what it writes, and not of the disk."""
WILD = frozenset("*?[")
"""What makes a name a pattern."""
LITTER = (
    "thumbs.db",
    "ehthumbs.db",
    "desktop.ini",
    "icon\r",
    "~$*",
    "_success",
    "_committed_*",
    "_started_*",
    "*.crc",
    "*.dvc",
)
"""Names, in lower case, of files that desktops, offices, Spark and DVC leave in folders of data."""


def sha256_of_file(path: Path) -> str:
    """The SHA-256 of a file's bytes, in hexadecimal."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(BLOCK_BYTES):
            digest.update(block)
    return digest.hexdigest()


def sha256_of_files(paths: Sequence[Path], folder: Path) -> str:
    """The SHA-256 of one file, or of the names (from `folder` on) and hashes of several."""
    if len(paths) == 1:
        return sha256_of_file(paths[0])
    return sha256_of_json({path.relative_to(folder).as_posix(): sha256_of_file(path) for path in paths})


def matching(folder: Path, name: str) -> list[Path]:
    """The files that a name means, by their paths: a file, what a folder holds, or what fits a pattern with * ? [.

    What is there by the very name is no pattern. Of folders and patterns is left out what `is_litter` says.
    """
    path = folder / name
    if path.is_file():
        return [path]
    found = path.rglob("*") if path.is_dir() else folder.glob(name) if WILD & set(name) else ()
    return sorted(one for one in found if one.is_file() and not is_litter(one.relative_to(folder)))


def before_pattern(name: str) -> str:
    """The path up to the first part that is a pattern: the folder that holds all that fits (`.`: the topmost)."""
    kept = takewhile(lambda part: not WILD & set(part), Path(name).parts)
    return "/".join(kept) or "."


def is_litter(path: Path) -> bool:
    """Whether nobody put a file there on purpose: it is hidden, or what desktops, offices and Spark leave behind."""
    hidden = any(part.startswith(".") or part == "__MACOSX" for part in path.parts)
    return hidden or any(fnmatchcase(path.name.lower(), one) for one in LITTER)


def sha256_of_json(value: Any) -> str:
    """The SHA-256 of a JSON value in canonical form (sorted keys, no spaces)."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def write_text(path: Path, text: str) -> None:
    """Writes `text` to `path` under a temporary name, then renames it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{uuid.uuid4().hex[:8]}.tmp")
    try:
        with temporary.open("w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def write_json(path: Path, value: Any) -> None:
    """Writes a JSON value, indented, atomically."""
    write_text(path, json.dumps(value, indent=2, ensure_ascii=False) + "\n")


def read_json(path: Path) -> Any:
    """Reads a JSON file."""
    return json.loads(path.read_text(encoding="utf-8"))


@contextmanager
def new_folder(target: Path, replacing: AbstractContextManager[None] | None = None) -> Iterator[Path]:
    """Yields a temporary folder that takes `target`'s place when the block ends without an error.

    A folder that stood at `target` is replaced as a whole. After an error the temporary folder is removed and
    `target` is as it was; what a killed process left is removed by the next one.

    Args:
        replacing: entered for the moment in which it takes its place.

    Raises:
        OSError: ENOSPC as well where a library failed on a full disk with an error of its own.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    _sweep(target)
    temporary = _beside(target, "tmp")
    temporary.mkdir()
    try:
        yield temporary
        with replacing or nullcontext():
            if not target.exists():
                temporary.rename(target)
            elif not _exchange(temporary, target):
                old = _beside(target, "old")
                target.rename(old)
                temporary.rename(target)
                shutil.rmtree(old)
    except Exception as error:
        if not isinstance(error, OSError | ShipworthyError) and shutil.disk_usage(temporary).free < FULL_BYTES:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(target)) from error
        raise
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


@contextmanager
def turn(path: Path) -> Iterator[None]:
    """Waits until no other process is inside `turn` of the same path, which becomes an empty file.

    The lock is the kernel's, and ends with its process however that ends. Where a file system has no such locks, it is
    an error: filelock's own substitute would outlive a process that was killed.
    """
    from filelock import FileLock  # a tenth of a second, which `shipworthy --help` can do without

    path.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(path, fallback_to_soft=False):
        yield


def _beside(target: Path, ending: str) -> Path:
    """A hidden name beside `target` that says which process on which machine it belongs to."""
    return target.with_name(f".{target.name}.{socket.gethostname()}.{os.getpid()}.{uuid.uuid4().hex[:8]}.{ending}")


def _exchange(one: Path, other: Path) -> bool:
    """Whether two folders changed places, in one step (Linux: renameat2), so that no kill leaves one of them gone."""
    renameat2 = getattr(ctypes.CDLL(None), "renameat2", None)
    here, exchange = -100, 2  # AT_FDCWD, RENAME_EXCHANGE
    return renameat2 is not None and not renameat2(here, os.fsencode(one), here, os.fsencode(other), exchange)


def _sweep(target: Path) -> None:
    """Removes what processes of this machine that are no more left beside `target`; what they moved away comes back."""
    for path in target.parent.glob(f".{target.name}.{socket.gethostname()}.*"):
        import psutil  # who lists runs need not wait for it

        process = path.name.rsplit(".", 3)[1]
        if process.isdigit() and not psutil.pid_exists(int(process)):
            if path.suffix == ".old" and not target.exists():
                path.rename(target)
            else:
                shutil.rmtree(path, ignore_errors=True)  # another process may do the same
