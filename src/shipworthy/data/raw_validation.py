"""The validation rows before a step that changes what rows hold: by them a package, which gets raw rows, is proved."""

from pathlib import Path

from shipworthy.data.mixing.mix import SOURCE
from shipworthy.data.parts import write_table
from shipworthy.data.row_store import RowStore
from shipworthy.models.transform.transformation import RAW


def keep(folder: Path, store: RowStore) -> None:
    """Writes them into the dataset's folder, without answers."""
    rows = (
        frame.filter(split="validation").drop("split", "answer", "cluster", SOURCE, strict=False)
        for frame in store.batches()
    )
    write_table(rows, folder / RAW)
