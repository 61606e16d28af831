"""The raw snapshot: files in data/, all of them pinned by hash, in conf/data/ and, for DVC, in `data.dvc`.

Every file of conf/data/ names its raw data, and the source from which it is fetched; data without a source are the
user's own files. After `fetch` no network is needed.
"""

import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from omegaconf.errors import OmegaConfBaseException

from shipworthy.core import yaml_text
from shipworthy.core.commands import again
from shipworthy.core.errors import ShipworthyError, UsageError
from shipworthy.core.files import matching, sha256_of_files, sha256_of_json, turn
from shipworthy.core.progress import say
from shipworthy.core.schema import choice_from_plain
from shipworthy.core.sources import build
from shipworthy.core.sources.schema import Source
from shipworthy.core.value_types import of_group
from shipworthy.data.schema import Data
from shipworthy.data.sources.files import locate, with_rows

FOLDER = "data"


def pins(conf: Sequence[Path]) -> dict[str, Source | None]:
    """Name in data/ → its source (None: the user's own), of every choice in conf/data/.

    Args:
        conf: the files of the choices, conf/data/*.yaml.

    Raises:
        UsageError: a source that is none.
        ShipworthyError: two files have different sources for one name.
    """
    found: dict[str, Source | None] = {}
    for path in conf:
        config = yaml_text.read(path, of_group("data"))
        if not isinstance(config, dict) or not (name := config.get("file")):
            continue
        try:
            source: Source | None = choice_from_plain(Data, "source", config.get("source"), "source")
        except (UsageError, OmegaConfBaseException) as error:
            raise UsageError(f"{path}: {str(error).splitlines()[0].rstrip('.')}.") from error
        if found.setdefault(str(name), source) != source:
            raise ShipworthyError(
                f"{path} pins {name} differently from another file of conf/data/ does: make them agree."
            )
    return found


def fill(conf: Sequence[Path], folder: Path, downloads: Path) -> None:
    """Brings into `folder` what the sources of conf/data/ pin, and checks it; everything else stays as it is.

    Args:
        conf: the files of the choices, conf/data/*.yaml.
        folder: the project's data/.
        downloads: where wheels and files of URLs are kept between runs.

    Raises:
        ShipworthyError: a file that differs from its pin, or a failed download.
    """
    folder.mkdir(exist_ok=True)
    for name, source in pins(conf).items():
        if source is None or not source.content_sha256:
            continue
        if not (folder / name).exists():
            _bring(source, folder, name, source.content_sha256, downloads)
        check(matching(folder, name), folder, name, source.content_sha256)
        say(f"{FOLDER}/{name}: as pinned")


def fetch(config: Data, folder: Path, downloads: Path) -> None:
    """Fetches what the chosen config takes from its source, unless it is there.

    Raises:
        ShipworthyError: it cannot be had, or is not what is pinned; then nothing is kept.
    """
    if config.source is not None and not (folder / config.file).exists():
        _bring(config.source, folder, config.file, config.pinned, downloads)
    _, sha256 = raw(config, folder)
    if not config.pinned:
        say(f"{FOLDER}/{config.file}: sha256 {sha256}; write it into its file of conf/data/ as `sha256`, to pin it")


def _bring(source: Source, folder: Path, name: str, pinned: str, downloads: Path) -> None:
    """Puts what a source holds at `name` in data/, whole or not at all."""
    with turn(downloads / f".data-{sha256_of_json(str(folder.resolve()))[:16]}.lock"), _scratch(folder) as work:
        if (folder / name).exists():
            return  # another command brought it meanwhile
        # What is pinned by its source may be kept and used again; of the rest only data/ has a copy.
        found = build.fetch(source, downloads if source.content_sha256 else work)
        new = work / "new" / name
        new.parent.mkdir(parents=True)
        if found.is_relative_to(work):
            found.rename(new)
        elif found.is_dir():
            shutil.copytree(found, new)
        else:
            shutil.copyfile(found, new)
        if pinned and (sha256 := sha256_of_files(matching(work / "new", name), work / "new")) != pinned:
            raise ShipworthyError(
                f"{source.title} changed: it has sha256 {sha256}, but {pinned} is pinned in conf/data/; nothing was "
                "kept: pin the new hash if the change is meant, or ask for the revision that was pinned."
            )
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        new.rename(folder / name)


@contextmanager
def _scratch(folder: Path) -> Iterator[Path]:
    """A hidden folder in data/, which may be a disk of its own, from which nothing is renamed to another; removed."""
    work = folder / f".fetch.{os.getpid()}.tmp"
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir()
    try:
        yield work
    finally:
        shutil.rmtree(work)


def check(paths: list[Path], folder: Path, name: str, pinned: str) -> str:
    """The sha256 of raw data.

    Args:
        paths: its files.
        folder: the project's data/.
        name: as the config names it.
        pinned: what it must be (empty: anything).

    Raises:
        ShipworthyError: it differs from its pin.
    """
    found = sha256_of_files(paths, folder)
    if pinned and found != pinned:
        raise ShipworthyError(
            f"{folder / name} changed: it has sha256 {found}, but {pinned} is pinned in conf/data/; delete it and "
            f"run `{again('fetch')}`, or, if the change is meant, pin the new hash."
        )
    return found


def raw(config: Data, folder: Path) -> tuple[list[Path], str]:
    """The raw files of a data config that hold rows, and the sha256 of all, checked.

    Raises:
        ShipworthyError: they are missing, or differ from their pin.
    """
    paths = locate(config, folder)
    return with_rows(paths, config.format), check(paths, folder, config.file, config.pinned)
