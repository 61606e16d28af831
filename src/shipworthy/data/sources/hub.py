"""Rows of a data set of the Hugging Face hub, through `datasets`; a local folder in the hub's layout will do."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from shipworthy.core import secrets
from shipworthy.core.errors import ShipworthyError
from shipworthy.core.project import project_root
from shipworthy.data.sources.parquet import GROUP_ROWS, keep
from shipworthy.data.sources.schema import Hub


def fetch(source: Hub, folder: Path) -> Path:
    """The rows of the split, in the repository's order, as a file in `folder`.

    Raises:
        ShipworthyError: there is no such repository, config or split, or no network.
    """
    return keep(_tables(source), folder, source.title)


def _tables(source: Hub) -> Iterator[Any]:
    import datasets

    local = project_root() / source.repository
    try:
        found = datasets.load_dataset(
            str(local) if local.is_dir() else source.repository,
            source.config or None,
            split=source.split,
            revision=source.revision or None,
            streaming=source.streaming,
        )
        for table in found.with_format("arrow").iter(batch_size=GROUP_ROWS):
            yield table.replace_schema_metadata()
    except (OSError, ValueError, RuntimeError, LookupError) as error:
        said = secrets.redact(str(error).strip().splitlines()[0].rstrip(".")) if str(error) else type(error).__name__
        raise ShipworthyError(
            f"{source.title} cannot be fetched ({said}): check data.source, and the network."
        ) from error
