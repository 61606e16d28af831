"""A file that a web server offers."""

from pathlib import Path
from urllib.parse import unquote, urlsplit

from shipworthy.core.sources.download import download
from shipworthy.core.sources.schema import Url


def fetch(source: Url, downloads: Path) -> Path:
    """The file, kept in a folder of its hash; downloaded only if it is not there yet.

    Raises:
        ShipworthyError: no network, no such file, or one of another hash.
    """
    name = unquote(urlsplit(source.url).path).rpartition("/")[2]
    return download(source.url, source.sha256, downloads / source.sha256[:16] / name)
