"""From a source to what it holds."""

from pathlib import Path

from shipworthy.core.lazy import Lazy
from shipworthy.core.sources.schema import Source

KINDS = Lazy("{data.source}", "{model.source}")


def fetch(source: Source, downloads: Path) -> Path:
    """The file or folder that a source names, whole, of the content that is pinned.

    The module of the kind's name, beside the kind's schema, fetches it.

    Args:
        downloads: what has to be downloaded is kept there, and not fetched again.

    Raises:
        ShipworthyError: it cannot be had, or is not what is pinned; then nothing is kept of it.
    """
    found: Path = KINDS.load(source).fetch(source, downloads)
    return found
