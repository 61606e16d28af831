"""From a source to what it holds."""

import importlib
from pathlib import Path

from shipworthy.core.sources.schema import Source


def fetch(source: Source, downloads: Path) -> Path:
    """The file or folder that a source names, whole, of the content that is pinned.

    The module of the kind's name, beside the kind's schema, fetches it.

    Args:
        downloads: what has to be downloaded is kept there, and not fetched again.

    Raises:
        ShipworthyError: it cannot be had, or is not what is pinned; then nothing is kept of it.
    """
    room = type(source).__module__.rpartition(".")[0]
    found: Path = importlib.import_module(f"{room}.{source.kind}").fetch(source, downloads)
    return found
