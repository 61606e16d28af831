"""A map over jobs, in submitit's own processes and in this one, gives what a map over threads does."""

import os
import re
import signal
from dataclasses import replace
from functools import partial
from pathlib import Path
from time import sleep

import numpy as np
import polars as pl
import pytest

from shipworthy.core.errors import ShipworthyError, UsageError
from shipworthy.core.parallel import over_threads
from shipworthy.data.duplicates import documents
from shipworthy.data.duplicates.clusters import clusters
from shipworthy.data.duplicates.schema import Duplicates, Exact, MinHash, SimHash
from shipworthy.data.gates.build import run
from shipworthy.data.gates.interface import GateInput
from shipworthy.data.gates.model_settings import Labels, Leak, Time
from shipworthy.data.gates.row_settings import Balance, Contradictions, Missing, Unseen
from shipworthy.data.gates.schema import Gates
from shipworthy.data.kinds.schema import Conversations, Records, Table, Text
from shipworthy.data.schema import Data, SlurmArray
from shipworthy.launch.array_map import ArrayMap, array_map
from shipworthy.launch.site import Site
from tests.data.duplicates import plain
from tests.data.gates.inputs import gate_input, rows

GATES = Gates(unseen=Unseen(), balance=Balance(), contradictions=Contradictions(), labels=Labels(), leak=Leak())


def over_jobs(folder: Path, cluster: str, *, tasks: int = 2, retries: int = 2) -> ArrayMap:
    return ArrayMap(folder, tasks, 1, 1, 5, retries, Site(), cluster)


def double(number: int) -> int:
    return 2 * number


def fail_at(bad: int, number: int) -> int:
    if number == bad:
        raise ValueError(f"{number} is no good")
    return number


def alone(folder: Path, number: int) -> bool:
    """Whether no other item is computed meanwhile."""
    (mark := folder / f"busy-{number}").touch()
    sleep(0.2)
    others = len(list(folder.glob("busy-*"))) - 1
    mark.unlink()
    return not others


def refuse_from(first: int, number: int) -> int:
    if number >= first:
        raise UsageError(f"{number} is no good: give another.")
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


@pytest.mark.parametrize(("items", "said"), [([1], "1 part goes to 1 job of"), ([1, 2, 3], "3 parts go to 2 jobs of")])
def test_parts_and_jobs_are_counted(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], items: list[int], said: str
) -> None:
    assert list(replace(over_jobs(tmp_path / "arrays", "debug"), tasks=2)(str, items)) == [str(one) for one in items]
    assert capsys.readouterr().out.startswith(f"{said} Slurm, ")


def texts() -> pl.DataFrame:
    """Questions of many words, a word of which tells the answer; some are there twice with different answers."""
    rng = np.random.default_rng(3)
    told = [" ".join(f"w{word}" for word in rng.integers(0, 300, 12)) for _ in range(500)]
    answers = rng.choice(["yes", "no"], 500)
    asked = [f"{text} {'ja' if answer == 'yes' else 'nein'}" for text, answer in zip(told, answers, strict=True)]
    made = rows(500).drop("age", "hours", "job").with_columns(asked=pl.Series(asked), answer=pl.Series(answers))
    return made.with_columns(cluster=pl.col("cluster").str.slice(0, 5) + "0")


@pytest.mark.parametrize("cluster", ["debug", "local"])
@pytest.mark.parametrize(
    ("frame", "failing"),
    [
        (rows().with_columns(paid=pl.col("answer") == "yes", hours=7.5), "constant leak"),
        (texts(), "unseen contradictions leak"),
    ],
    ids=["table", "text"],
)
def test_verdicts_over_jobs_are_those_of_one_machine(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], frame: pl.DataFrame, failing: str, cluster: str
) -> None:
    here = run(GATES, gate_input(frame))
    said = verdicts_said(capsys)
    assert " ".join(one.gate for one in here if not one.passed) == failing
    jobs = replace(over_jobs(tmp_path / "arrays", cluster), one_at_a_time=True)
    assert run(GATES, gate_input(frame), jobs) == here
    assert verdicts_said(capsys) == said
    assert len(said) >= len(here)


def verdicts_said(capsys: pytest.CaptureFixture[str]) -> list[str]:
    return [line for line in capsys.readouterr().out.splitlines() if line.startswith("gate ")]


def test_a_refusal_in_a_job_is_the_sentence_of_one_machine(tmp_path: Path) -> None:
    gates, inputs = Gates(missing=Missing(columns={"jobs": 0.1}), time=Time()), gate_input(rows())
    with pytest.raises(UsageError) as here:
        run(gates, inputs)
    with pytest.raises(UsageError) as there:
        run(gates, inputs, over_jobs(tmp_path, "local"))
    assert str(there.value) == str(here.value)


@pytest.mark.parametrize("cluster", ["debug", "local"])
def test_of_several_refusals_the_first_counts_after_the_results_before_it(tmp_path: Path, cluster: str) -> None:
    results = over_jobs(tmp_path, cluster)(partial(refuse_from, 4), range(10))
    assert [next(results) for _ in range(4)] == [0, 1, 2, 3]
    with pytest.raises(UsageError, match=r"^4 is no good: give another\.$"):
        next(results)


def test_a_node_that_does_not_see_the_rows_says_so(tmp_path: Path) -> None:
    inputs = GateInput([tmp_path / "gone.parquet"], {})
    with pytest.raises(UsageError, match=r"data\.slurm, does not see .*gone\.parquet: put the workspace on a disk"):
        run(Gates(), inputs, over_jobs(tmp_path / "arrays", "debug"))


def test_a_job_computes_one_item_at_a_time_where_it_is_told_so(tmp_path: Path) -> None:
    jobs = ArrayMap(tmp_path / "arrays", 1, 4, 1, 5, 0, Site(), "debug")
    assert set(replace(jobs, one_at_a_time=True)(partial(alone, tmp_path), range(6))) == {True}
    assert False in set(jobs(partial(alone, tmp_path), range(6)))


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


@pytest.mark.parametrize("kind", [Records, Conversations, Table])
def test_jobs_without_work_are_refused(kind: type[Data]) -> None:
    none = Gates(ids=None, missing=None, missing_runs=None, constant=None)
    known = {"name": "n", "licence": "l", "file": "f", "slurm": SlurmArray()}
    known |= {"text": "t", "answer": "a"} if kind is Records else {}
    assert kind(**known).slurm == SlurmArray()
    same_text = {"duplicates": Duplicates(Exact("text"), minhash=None)} if issubclass(kind, Text) else {}
    with pytest.raises(UsageError, match=r"data\.slurm has no effect: no gate is checked, nor are texts compared"):
        kind(**known, gates=none, **same_text)
    kind(**known, gates=Gates(), **same_text)
    if issubclass(kind, Text):
        kind(**known, gates=none)
