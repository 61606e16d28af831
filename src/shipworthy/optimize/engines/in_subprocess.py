"""`measure` in a fresh process, so that its memory is the model's and not that of whoever measures."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from shipworthy.core.errors import ShipworthyError
from shipworthy.core.files import read_json
from shipworthy.core.lazy import Lazy
from shipworthy.optimize.engines.threads import WAIT

MEASURE = Lazy("shipworthy.optimize.engines.measure")


def measure_in_subprocess(
    folder: Path, rows: pl.DataFrame, requests: int, batch_rows: int, threads: int = 0
) -> dict[str, Any]:
    """See `measure.measure`; `threads` limits OpenMP's (0: as many as the library takes).

    Raises:
        ShipworthyError: the process failed; the last line that it wrote is in the message.
    """
    with tempfile.TemporaryDirectory() as scratch:
        table, out = Path(scratch) / "rows.parquet", Path(scratch) / "measured.json"
        rows.write_parquet(table)
        environment = {**os.environ, **WAIT, **({"OMP_NUM_THREADS": str(threads)} if threads else {})}
        command = [sys.executable, "-m", MEASURE.name()]
        command += [str(folder), str(table), str(requests), str(batch_rows), str(out)]
        result = subprocess.run(
            command, capture_output=True, encoding="utf-8", errors="replace", check=False, env=environment
        )
        if result.returncode != 0:
            last = (result.stderr.strip() or "it wrote nothing").splitlines()[-1]
            raise ShipworthyError(f"The model in {folder} could not be measured: {last}")
        measured: dict[str, Any] = read_json(out)
        return measured


def percentiles(seconds: Sequence[float]) -> dict[str, float]:
    """p50, p95 and p99 of latencies (seconds)."""
    return {f"p{p}": float(np.percentile(seconds, p)) for p in (50, 95, 99)}
