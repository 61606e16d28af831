"""How much disk a model takes."""

from pathlib import Path

from shipworthy.models.base import BASES
from shipworthy.models.build import RECORDS, config_of


def size_mb(folder: Path) -> float:
    """Megabytes (10^6 bytes) of a saved model's own files and of the base weights that it needs beside them."""
    config = config_of(folder)
    folders = [folder]
    base = getattr(config, "base", config)
    if BASES.name(base):
        folders.append(BASES.load(base).base_folder(base))
    files = (path for part in folders for path in part.rglob("*") if path.is_file() and path.name not in RECORDS)
    return sum(path.stat().st_size for path in files) / 1e6
