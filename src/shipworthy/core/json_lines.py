"""Files of JSON lines that grow: journals, registries. Only a newline ends a line; U+2028 and the like are in one.

What a kill or a full disk left torn is left out by who reads, and ended by who writes on.
"""

import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any


def texts(path: Path) -> Iterator[tuple[int, str]]:
    """Number (from 1) and text of each line that is not blank; nothing where there is no file."""
    if path.is_file():
        for number, line in enumerate(path.read_bytes().split(b"\n"), 1):
            if text := line.decode("utf-8", errors="replace").strip("\r \t\0"):
                yield number, text


def read(path: Path) -> Iterator[dict[str, Any]]:
    """The objects on the lines; a line that is torn, or holds none, is left out."""
    for _, text in texts(path):
        try:
            line = json.loads(text)
        except ValueError:
            continue
        if isinstance(line, dict):
            yield line


def append(path: Path, line: Mapping[str, Any]) -> None:
    """Adds a line in one write, so that processes that write at once don't mix theirs, and brings it to the disk."""
    text = json.dumps(line, ensure_ascii=False) + "\n"
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("ab+") as file:
        if file.tell() and (file.seek(-1, os.SEEK_END), file.read(1))[1] != b"\n":
            text = f"\n{text}"  # a line that a kill cut off must not swallow this one
        file.write(text.encode("utf-8", errors="backslashreplace"))
        file.flush()
        os.fsync(file.fileno())
