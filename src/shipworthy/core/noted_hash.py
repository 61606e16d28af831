"""The hash of a large file, which is read once: it is noted beside the file's length, times and inode."""

from contextlib import suppress
from pathlib import Path
from typing import Any

from shipworthy.core.files import read_json, sha256_of_file, sha256_of_json, write_json
from shipworthy.core.progress import say

LONG_BYTES = 10**9
"""From here on it takes seconds."""


def sha256_noted(file: Path, notes: Path) -> str:
    """The SHA-256 of a file's bytes; one whose length, times and inode are those noted before is not read again.

    Args:
        notes: the folder of such notes, one for each file that a link leads to.
    """
    real = file.resolve()
    note = notes / f"{sha256_of_json(str(real))[:24]}.json"
    facts = _facts(real)  # before it is read: who changes it meanwhile changes its times
    known: dict[str, Any] = read_json(note) if note.is_file() else {}
    if facts == {name: known.get(name) for name in facts}:
        return str(known["sha256"])
    if facts["bytes"] >= LONG_BYTES:
        say(f"hashing {file}, {facts['bytes'] / 1e9:.1f} GB, once")
    found = sha256_of_file(real)
    with suppress(OSError):  # in a cache that can't be written it is read again, that is all
        write_json(note, {"path": str(real), **facts, "sha256": found})
    return found


def _facts(file: Path) -> dict[str, int]:
    stat = file.stat()
    return {
        "bytes": stat.st_size,
        "modified_ns": stat.st_mtime_ns,
        "changed_ns": stat.st_ctime_ns,
        "inode": stat.st_ino,
    }
