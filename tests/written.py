"""The same rows written in many ways: as CSV, JSON and parquet, with any delimiter, quoting, encoding and packing."""

import csv
import gzip
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa

Rows = Sequence[Mapping[str, Any]]
BREAKS = {"\n", "\r\n"}


@dataclass(frozen=True)
class Way:
    """How rows are written into a project's data/.

    Attributes:
        kind: csv, jsonl, json (an array) or parquet.
        name: of the file, without an ending, or of the folder.
        pieces: files into which the rows are divided, in order; more than one are in a folder.
        order: numbers by which the columns are sorted, as many as there are (empty: as they are).
        encoding: of text files.
        said: whether the config names it.
        delimiter, quoting, line_end: of CSV.
        packed: gz, zst or nothing.
        sparse: whether JSON leaves out what is missing.
    """

    kind: str = "csv"
    name: str = "rows"
    pieces: int = 1
    order: Sequence[int] = ()
    encoding: str = "utf-8"
    said: bool = False
    delimiter: str = ","
    quoting: int = csv.QUOTE_MINIMAL
    line_end: str = "\n"
    packed: str = ""
    sparse: bool = False
    types: Mapping[str, Any] = field(default_factory=dict)

    def write(self, rows: Rows, data: Path) -> dict[str, str]:
        """Writes the rows below `data`; the settings that say what to read."""
        names = list(rows[0])
        if self.order:
            names = [name for _, name in sorted(zip(self.order, names, strict=True))]
        ending = self.kind + ("." + self.packed if self.packed and self.kind != "parquet" else "")
        size = -(-len(rows) // self.pieces)
        parts = [rows[start : start + size] for start in range(0, len(rows), size)]
        one = len(parts) == 1
        paths = [Path(f"{self.name}.{ending}")] if one else [
            Path(self.name) / f"part-{i:03}.{ending}" for i in range(len(parts))
        ]  # fmt: skip
        for path, part in zip(paths, parts, strict=True):
            (data / path).parent.mkdir(parents=True, exist_ok=True)
            self._write(names, part, data / path)
        return {"file": str(paths[0] if one else paths[0].parent)} | ({"encoding": self.encoding} if self.said else {})

    def _write(self, names: list[str], rows: Rows, path: Path) -> None:
        if self.kind == "parquet":
            pl.DataFrame(
                [{name: row[name] for name in names} for row in rows], schema=self._schema(names)
            ).write_parquet(path)
            return
        text = self._csv(names, rows) if self.kind == "csv" else self._json(names, rows)
        content = text.encode(self.encoding)
        match self.packed:
            case "gz":
                content = gzip.compress(content)
            case "zst":
                content = pa.compress(content, codec="zstd", asbytes=True)
        path.write_bytes(content)

    def _schema(self, names: list[str]) -> dict[str, Any] | None:
        return {name: self.types[name] for name in names} if self.types else None

    def _csv(self, names: list[str], rows: Rows) -> str:
        out = io.StringIO(newline="")
        # Python before 3.12 leaves a lone carriage return without quotes, which no reader can tell from a line's end.
        returns = any("\r" in str(value) for row in rows for value in row.values())
        quoting = csv.QUOTE_ALL if returns else self.quoting
        writer = csv.writer(out, delimiter=self.delimiter, quoting=quoting, lineterminator=self.line_end)  # type: ignore[arg-type]
        writer.writerow(names)
        writer.writerows([_cell(row[name]) for name in names] for row in rows)
        return out.getvalue()

    def _json(self, names: list[str], rows: Rows) -> str:
        told = [
            json.dumps({n: row[n] for n in names if not (self.sparse and row[n] is None)}, ensure_ascii=False)
            for row in rows
        ]
        if self.kind == "json":
            return "[" + f",{self.line_end}".join(told) + "]"
        return self.line_end.join([*told, ""])


def _cell(value: Any) -> Any:
    """A value as a cell: lists as JSON writes them, truth as pandas does."""
    if isinstance(value, list | dict):
        return json.dumps(value, ensure_ascii=False)
    return value
