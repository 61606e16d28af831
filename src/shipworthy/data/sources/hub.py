"""Rows of a data set of the Hugging Face hub, through `datasets`; a local folder in the hub's layout will do."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from shipworthy.core import secrets
from shipworthy.core.errors import ShipworthyError
from shipworthy.core.project import project_root
from shipworthy.data.sources.parquet import GROUP_ROWS, keep
from shipworthy.data.sources.schema import Hub


def fetch(config: Hub, target: Path, pinned: str) -> None:
    """Writes the rows of the split to `target`, in the repository's order.

    Raises:
        ShipworthyError: there is no such repository, config or split, no network, or the rows are not as pinned.
    """
    where = f"{config.repository}, split {config.split}"
    keep(_tables(config, where), target, pinned, where)


def _tables(config: Hub, where: str) -> Iterator[Any]:
    import datasets

    local = project_root() / config.repository
    try:
        found = datasets.load_dataset(
            str(local) if local.is_dir() else config.repository,
            config.config or None,
            split=config.split,
            revision=config.revision or None,
            streaming=config.streaming,
        )
        for table in found.with_format("arrow").iter(batch_size=GROUP_ROWS):
            yield table.replace_schema_metadata()
    except (OSError, ValueError, RuntimeError, LookupError) as error:
        said = secrets.redact(str(error).strip().splitlines()[0].rstrip(".")) if str(error) else type(error).__name__
        raise ShipworthyError(f"{where} cannot be fetched ({said}): check data.hub, and the network.") from error
