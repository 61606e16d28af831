"""The operations of botocore's service descriptions: what a sentence of documentation calls each of them."""

import gzip
import hashlib
import json
import re
import zipfile
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import polars as pl

from shipworthy.data.formats.batch import Batch, Written

from ..sentence import first_sentence

SPARSE = False
UNTYPED = False
DESCRIPTION = re.compile(r"botocore/data/(?P<folder>[^/]+)/(?P<version>[^/]+)/service-2\.json(?P<gz>\.gz)?$")
COLUMNS = {"place": pl.String, "service": pl.String, "description": pl.String, "operation": pl.String}


def batches(path: Path, rows: int, written: Written) -> Iterator[Batch]:
    """One row per operation of every API version: place, service (its readable name), description, operation.

    A place is the hash of `<service>/<API version>/<operation>`: it leads back to the raw row, and tells no answer.

    Args:
        path: a botocore wheel.
    """
    with zipfile.ZipFile(path) as wheel:
        found = (
            (row_id(place), service, first_sentence(details.get("documentation", "")), operation)
            for place, service, operation, details in operations(wheel)
        )
        while part := list(islice(found, rows)):
            yield Batch.of(pl.DataFrame(part, schema=COLUMNS, orient="row"))


def operations(wheel: zipfile.ZipFile) -> Iterator[tuple[str, str, str, dict[str, Any]]]:
    """Of every operation its place (`<service>/<API version>/<operation>`), service, name, and what botocore says."""
    for name in sorted(wheel.namelist()):
        if found := DESCRIPTION.match(name):
            content = wheel.read(name)
            model = json.loads(gzip.decompress(content) if found["gz"] else content)
            service = model["metadata"]["serviceId"]
            for operation, details in model["operations"].items():
                yield f"{found['folder']}/{found['version']}/{operation}", service, operation, details


def row_id(place: str) -> str:
    """16 hexadecimal digits for `<service>/<API version>/<operation>`."""
    return hashlib.sha256(place.encode()).hexdigest()[:16]
