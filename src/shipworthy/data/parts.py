"""Rows on disk as numbered parquet parts, written and read one at a time: memory does not grow with their number."""

import math
import shutil
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
from polars.interchange import CompatLevel
from pyarrow.parquet import ParquetWriter, read_metadata

from shipworthy.models import parquet

BATCH_ROWS = 50_000
"""Rows of a part, which is in memory as a whole."""
PART_BYTES = 32_000_000
"""Of a part, about (bytes in memory): of long texts it has fewer rows."""
RANGE_PARTS = 4
"""Parts that are sorted in memory at once."""
SHARD_ROWS = 1_000_000
SHARD_BYTES = 256_000_000
GROUP_ROWS = 50_000
"""Rows of a row group of the dataset's files, whose bytes therefore do not depend on BATCH_ROWS."""
WORK = ".rows"


@contextmanager
def scratch_folder(folder: Path) -> Iterator[Path]:
    """A folder for temporary files inside `folder`, removed at the end."""
    work = folder / WORK
    work.mkdir()
    try:
        yield work
    finally:
        shutil.rmtree(work, ignore_errors=True)


@dataclass(frozen=True)
class Part:
    """A parquet file with the rows from `first` to `first + rows - 1`."""

    path: Path
    first: int
    rows: int


def spill(frames: Iterable[pl.DataFrame], folder: Path, batch_rows: int = BATCH_ROWS) -> list[Part]:
    """Writes frames of one schema into `folder`, as parts of `batch_rows` rows, or fewer where they are long.

    Returns:
        The parts; if there are frames but no rows, one empty part.
    """
    folder.mkdir()
    parts: list[Part] = []
    first = 0
    for frame in rebatch(frames, batch_rows, PART_BYTES):
        parts.append(Part(write_part(frame, folder, len(parts)), first, frame.height))
        first += frame.height
    return parts


def write_part(frame: pl.DataFrame, folder: Path, number: int) -> Path:
    """Writes one part, with fast compression."""
    path = folder / f"part-{number:05}.parquet"
    frame.write_parquet(path, compression="lz4", statistics=False)
    return path


def rebatch(frames: Iterable[pl.DataFrame], rows: int, most_bytes: float = math.inf) -> Iterator[pl.DataFrame]:
    """The same rows in frames of `rows`, the last one smaller; one empty frame if there are frames but no rows.

    Args:
        most_bytes: frames of more than about so many bytes are divided, whatever their rows.
    """
    waiting: list[pl.DataFrame] = []
    height, size, yielded, empty = 0, 0, False, None
    for frame in frames:
        empty = frame.clear()
        waiting.append(frame)
        height += frame.height
        size += bytes_of(frame) if most_bytes < math.inf else 0
        if height >= rows or size >= most_bytes:
            whole = pl.concat(waiting)
            each = rows if size < most_bytes else max(1, min(rows, int(height * most_bytes / size)))
            full = height - height % each
            for start in range(0, full, each):
                yield whole.slice(start, each)
                yielded = True
            waiting, height, size = [whole.slice(full)], height - full, size * (height - full) // max(1, height)
    if height or (not yielded and empty is not None):
        yield pl.concat(waiting)


def bytes_of(frame: pl.DataFrame) -> int:
    """About the bytes of a frame's values; a slice counts for itself, not for the frame that it is cut from."""
    total = 8 * frame.height * frame.width
    for column in frame.iter_columns():
        if column.dtype == pl.String:
            total += int(column.str.len_bytes().sum())
        elif isinstance(column.dtype, pl.List):
            total += 8 * int(column.list.len().sum())
    return total


def sort_by_id(parts: Sequence[Part], folder: Path, batch_rows: int = BATCH_ROWS) -> list[Part]:
    """The parts sorted by id: the same parts if they are sorted, else new ones in `folder`.

    Rows of one id keep their order.

    External sort: ranges of ids are read and sorted one after the other, so that one range is in memory.
    """
    if _sorted(parts):
        return list(parts)
    borders = _borders(parts, max(1, RANGE_PARTS * min(batch_rows, PART_BYTES // _row_bytes(parts))))
    ends = [_ends(part) for part in parts]

    def ranges() -> Iterator[pl.DataFrame]:
        for low, high in zip([None, *borders], [*borders, None], strict=True):
            above = pl.lit(True) if low is None else pl.col("id") >= low
            below = pl.lit(True) if high is None else pl.col("id") < high
            near = [
                part.path
                for part, (first, last) in zip(parts, ends, strict=True)
                if part.rows and (low is None or last >= low) and (high is None or first < high)
            ]
            if near:
                yield (
                    parquet.scan(near).filter(above & below).collect(engine="streaming").sort("id", maintain_order=True)
                )

    return spill(ranges(), folder, batch_rows)


def _row_bytes(parts: Sequence[Part]) -> int:
    """About the bytes of a row."""
    whole: int = sum(
        group.total_byte_size
        for part in parts
        for metadata in [read_metadata(part.path)]
        for group in map(metadata.row_group, range(metadata.num_row_groups))
    )
    return max(1, whole // max(1, sum(part.rows for part in parts)))


def _ends(part: Part) -> tuple[str, str]:
    """The lowest and the highest id of a part."""
    ids = parquet.read(part.path, columns=["id"])["id"]
    return (str(ids.min()), str(ids.max())) if part.rows else ("", "")


def _sorted(parts: Sequence[Part]) -> bool:
    last = None
    for part in parts:
        ids = parquet.read(part.path, columns=["id"])["id"]
        if ids.len():
            if not ids.is_sorted() or (last is not None and ids[0] < last):
                return False
            last = ids[-1]
    return True


def _borders(parts: Sequence[Part], rows: int) -> list[str]:
    """Ids that divide the rows into ranges of about `rows`, estimated from a sample of them."""
    total = sum(part.rows for part in parts)
    every = max(1, rows // 500)
    seen = pl.concat([parquet.read(part.path, columns=["id"]).gather_every(every) for part in parts])["id"].sort()
    ranges = -(-total // rows)
    places = np.linspace(0, seen.len(), ranges + 1).astype(int)[1:-1]
    return seen.gather(places).unique(maintain_order=True).to_list()


def write_table(frames: Iterable[pl.DataFrame], path: Path) -> int:
    """Writes what is handed over: the file `path`, or, of much, a folder `path` with part-00000.parquet and so on.

    A part has at most SHARD_ROWS rows and about SHARD_BYTES bytes. The bytes depend on the rows alone.

    Returns:
        The number of rows.
    """
    folder = path.with_name(f".{path.name}.parts")
    folder.mkdir()
    rows = shard_rows = shards = 0
    writer: ParquetWriter | None = None
    for frame in rebatch(frames, GROUP_ROWS):
        target = folder / f"part-{max(shards - 1, 0):05}.parquet"
        full = shard_rows + frame.height > SHARD_ROWS or (writer is not None and target.stat().st_size >= SHARD_BYTES)
        table = frame.to_arrow(compat_level=CompatLevel.oldest())
        if writer is None or full:
            if writer is not None:
                writer.close()
            writer = ParquetWriter(folder / f"part-{shards:05}.parquet", table.schema, compression="zstd")
            shards, shard_rows = shards + 1, 0
        writer.write_table(table)
        rows, shard_rows = rows + frame.height, shard_rows + frame.height
    if writer is not None:
        writer.close()
    if shards == 1:
        (folder / "part-00000.parquet").rename(path)
        folder.rmdir()
    else:
        folder.rename(path)
    return rows
