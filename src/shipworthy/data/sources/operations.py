"""The operations of botocore's service descriptions: what a sentence of documentation calls each of them."""

import gzip
import hashlib
import json
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path

import polars as pl

from shipworthy.data.schema import Operations
from shipworthy.data.text import first_sentence

DESCRIPTION = re.compile(r"botocore/data/(?P<folder>[^/]+)/(?P<version>[^/]+)/service-2\.json(?P<gz>\.gz)?$")
COLUMNS = {"id": pl.String, "service": pl.String, "description": pl.String, "answer": pl.String}


def read(config: Operations, path: Path) -> pl.DataFrame:
    """One row per operation of every API version: id, service (its readable name), description, answer (its name).

    An id is the hash of `<service>/<API version>/<operation>`: it leads back to the raw row, and tells no answer.

    Args:
        config: the data config.
        path: a botocore wheel.
    """
    with zipfile.ZipFile(path) as wheel:
        return pl.DataFrame(_rows(wheel), schema=COLUMNS, orient="row")


def _rows(wheel: zipfile.ZipFile) -> Iterator[tuple[str, str, str, str]]:
    for name in sorted(wheel.namelist()):
        if found := DESCRIPTION.match(name):
            content = wheel.read(name)
            model = json.loads(gzip.decompress(content) if found["gz"] else content)
            service = model["metadata"]["serviceId"]
            for operation, details in model["operations"].items():
                place = f"{found['folder']}/{found['version']}/{operation}"
                yield row_id(place), service, first_sentence(details.get("documentation", "")), operation


def row_id(place: str) -> str:
    """16 hexadecimal digits for `<service>/<API version>/<operation>`."""
    return hashlib.sha256(place.encode()).hexdigest()[:16]
