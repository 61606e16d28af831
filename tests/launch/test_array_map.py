"""A map over jobs, in submitit's own processes and in this one, gives what a map over threads does."""

import os
import re
import signal
from functools import partial
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from shipworthy.core.errors import ShipworthyError
from shipworthy.core.parallel import over_threads
from shipworthy.data.duplicates import documents
from shipworthy.data.duplicates.clusters import clusters
from shipworthy.data.duplicates.schema import Duplicates, MinHash, SimHash
from shipworthy.data.kinds.schema import SlurmArray
from shipworthy.launch.array_map import ArrayMap, array_map
from shipworthy.launch.site import Site
from tests.data.duplicates import plain


def over_jobs(folder: Path, cluster: str, *, tasks: int = 2, retries: int = 2) -> ArrayMap:
    return ArrayMap(folder, tasks, 1, 1, 5, retries, Site(), cluster)


def double(number: int) -> int:
    return 2 * number


def fail_at(bad: int, number: int) -> int:
    if number == bad:
        raise ValueError(f"{number} is no good")
    return number


def die_first(folder: Path, times: int, number: int) -> int:
    """Kills its process so often when it gets to 3."""
    died = len(list(folder.glob("died-*")))
    if number == 3 and died < times:
        (folder / f"died-{died}").touch()
        os.kill(os.getpid(), signal.SIGKILL)
    with (folder / f"computed-{number}").open("a") as file:
        file.write("x")
    return number


def test_results_come_in_order_and_nothing_stays(tmp_path: Path) -> None:
    found = over_jobs(tmp_path / "arrays", "debug", tasks=3)(double, iter(range(10)))
    assert list(found) == [2 * number for number in range(10)]
    assert list((tmp_path / "arrays").iterdir()) == []
    assert list(over_jobs(tmp_path / "arrays", "debug")(double, [])) == []


def test_duplicates_over_jobs_are_those_of_one_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(documents, "BATCH_BYTES", 2000)
    monkeypatch.setattr(documents, "BLOCK_VALUES", 500)
    rng = np.random.default_rng(5)
    texts = [" ".join(f"w{word}" for word in rng.integers(0, 9, length)) for length in rng.integers(1, 12, 600)]
    config = Duplicates(minhash=MinHash(threshold=0.6), simhash=SimHash())
    file = tmp_path / "rows.parquet"
    plain.frame([*texts, None, "…"]).collect().write_parquet(file)
    rows = pl.scan_parquet(file)
    here = clusters(rows, "text", config, mapper=over_threads(2))
    assert len(np.unique(here)) < len(here) - 10
    for cluster in ("debug", "local"):
        assert (clusters(rows, "text", config, mapper=over_jobs(tmp_path / cluster, cluster)) == here).all()


def test_an_error_in_a_job_is_one_sentence_with_its_log(tmp_path: Path) -> None:
    with pytest.raises(ShipworthyError, match="ValueError: 7 is no good; its log: ") as raised:
        list(over_jobs(tmp_path, "local")(partial(fail_at, 7), range(10)))
    log = Path(re.findall(r"its log: (.+)", str(raised.value))[0])
    assert "7 is no good" in log.read_text(encoding="utf-8") + log.with_suffix(".out").read_text(encoding="utf-8")


def test_a_lost_job_goes_on_after_its_last_result(tmp_path: Path) -> None:
    found = list(over_jobs(tmp_path / "arrays", "local", tasks=1)(partial(die_first, tmp_path, 2), range(6)))
    assert found == list(range(6))
    assert [(tmp_path / f"computed-{number}").read_text() for number in range(6)] == ["x"] * 6


def test_a_job_that_is_lost_again_and_again_is_given_up(tmp_path: Path) -> None:
    jobs = over_jobs(tmp_path / "arrays", "local", tasks=1, retries=1)
    with pytest.raises(ShipworthyError, match=r"was lost 2 times .* its log, .*data\.slurm\.mem_gb"):
        list(jobs(partial(die_first, tmp_path, 9), range(6)))


def test_without_a_cluster_it_is_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("SLURM_CONF", raising=False)
    with pytest.raises(ShipworthyError, match=r"data\.slurm asks for jobs: There is no scontrol .* data\.slurm=null\."):
        array_map(tmp_path, tasks=1, cpus_per_task=1, mem_gb=1, timeout_min=1, retries=0)


@pytest.mark.parametrize("name", ["tasks", "cpus_per_task", "mem_gb", "timeout_min"])
def test_a_setting_below_one_is_refused(name: str) -> None:
    with pytest.raises(ShipworthyError, match=rf"data\.slurm\.{name}=0"):
        SlurmArray(**{name: 0})
