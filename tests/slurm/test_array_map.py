"""Near-duplicates over the jobs of a real array: as on one machine, also where a job is lost."""

import os
import signal
from functools import partial
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from shipworthy.core.parallel import over_threads
from shipworthy.data.duplicates import documents
from shipworthy.data.duplicates.clusters import clusters
from shipworthy.data.duplicates.schema import Duplicates, MinHash
from shipworthy.launch.array_map import ArrayMap, array_map
from tests.data.duplicates import plain
from tests.slurm.conftest import Cluster

pytestmark = [pytest.mark.slurm, pytest.mark.timeout(600)]


@pytest.fixture
def jobs(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> ArrayMap:
    for name, value in cluster.env.items():
        monkeypatch.setenv(name, value)
    return array_map(cluster.home / "arrays", tasks=3, cpus_per_task=1, mem_gb=1, timeout_min=5, retries=2)


def killed_first(folder: Path, number: int) -> int:
    """Is killed when it gets to 3 for the first time, as by a node out of memory."""
    mark = folder / "killed"
    if number == 3 and not mark.exists():
        mark.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return number


def test_duplicates_are_those_of_one_machine(jobs: ArrayMap, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(documents, "BATCH_BYTES", 2000)
    rng = np.random.default_rng(5)
    texts = [" ".join(f"w{word}" for word in rng.integers(0, 9, length)) for length in rng.integers(1, 12, 600)]
    file = tmp_path / "rows.parquet"
    plain.frame(texts).collect().write_parquet(file)
    rows, config = pl.scan_parquet(file), Duplicates(minhash=MinHash(threshold=0.6))
    here = clusters(rows, "text", config, mapper=over_threads(2))
    assert len(np.unique(here)) < len(here) - 10
    assert (clusters(rows, "text", config, mapper=jobs) == here).all()


def test_a_lost_job_is_submitted_again(jobs: ArrayMap, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert list(jobs(partial(killed_first, tmp_path), range(6))) == list(range(6))
    assert "was lost" in capsys.readouterr().out
