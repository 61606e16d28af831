"""A saved model in a process of its own: latency one by one, throughput in a batch, memory.

python -m shipworthy.optimize.engines.measure FOLDER ROWS.parquet REQUESTS BATCH_ROWS OUT.json
"""

import sys
import time
from pathlib import Path
from typing import Any

import polars as pl
import psutil

from shipworthy.core.extensions import import_schemas
from shipworthy.core.files import write_json
from shipworthy.evaluation.latency import one_by_one
from shipworthy.models import parquet
from shipworthy.models.build import load
from shipworthy.models.documents import first, voted


def pss_mb(process: psutil.Process) -> float:
    """Memory of a process and its children, shared pages divided among those who share them (10^6 bytes)."""
    return float(sum(p.memory_full_info().pss for p in (process, *process.children(recursive=True)))) / 1e6


def measure(folder: Path, rows: pl.DataFrame, requests: int, batch_rows: int) -> dict[str, Any]:
    """Loads the model as anyone would who serves it, and asks it; a request is a document (models/documents.py).

    Returns:
        {"seconds": one per request, "texts": the answers to at most `batch_rows` documents in one call, "said": those
        to their chunks, "batch_rows": how many documents, "batch_seconds", "memory_mb"}
    """
    import_schemas()  # in which `load` looks the config's class up
    predictor = load(folder)
    seconds = one_by_one(predictor, first(rows, requests))
    batch = first(rows, batch_rows)
    started = time.perf_counter()
    said = predictor.predict(batch)
    answers = voted(batch, said)
    return {
        "seconds": seconds,
        "texts": [answer.text for answer in answers],
        "said": [answer.text for answer in said],
        "batch_rows": len(answers),
        "batch_seconds": time.perf_counter() - started,
        "memory_mb": pss_mb(psutil.Process()),
    }


if __name__ == "__main__":
    folder, rows, requests, batch_rows, out = sys.argv[1:]
    write_json(Path(out), measure(Path(folder), parquet.read(Path(rows)), int(requests), int(batch_rows)))
