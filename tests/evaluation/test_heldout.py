import json
import multiprocessing
from pathlib import Path

import polars as pl
import pytest

from shipworthy.core.artifact import Artifact, read_artifact, write_artifact
from shipworthy.core.errors import ArtifactError
from shipworthy.evaluation import heldout


def dataset(folder: Path, answer: str = "b") -> Artifact:
    with write_artifact(folder, "dataset", run_id="r", config={}, inputs={}, seeds={}) as new:
        pl.DataFrame({"id": ["1", "2"], "answer": ["a", answer]}).write_parquet(new / heldout.ANSWERS)
    return read_artifact(folder, "dataset")


def test_a_read_is_noted_before_the_answers_are_given(tmp_path: Path) -> None:
    one, ledger = dataset(tmp_path / "one"), tmp_path / "runs" / "reads.jsonl"
    assert heldout.reads(one, ledger) == []
    answers = heldout.answers(one, "evaluate", "final metrics", ledger, run_id="abc")
    assert answers.to_dict(as_series=False) == {"id": ["1", "2"], "answer": ["a", "b"]}
    (entry,) = heldout.reads(one, ledger)
    assert (entry["reader"], entry["purpose"], entry["run_id"]) == ("evaluate", "final metrics", "abc")
    assert entry["dataset"] == one.digest
    other = dataset(tmp_path / "other", answer="c")
    heldout.answers(other, "compress", "variants", ledger)
    assert len(heldout.reads(one, ledger)) == 1
    assert len(ledger.read_text().splitlines()) == 2


def test_a_read_that_failed_is_noted_all_the_same(tmp_path: Path) -> None:
    with write_artifact(tmp_path / "empty", "dataset", run_id="r", config={}, inputs={}, seeds={}):
        pass
    empty = read_artifact(tmp_path / "empty", "dataset")
    with pytest.raises(ArtifactError, match="holds no test_answers.parquet"):
        heldout.answers(empty, "evaluate", "metrics", tmp_path / "reads.jsonl")
    assert len(heldout.reads(empty, tmp_path / "reads.jsonl")) == 1


def _read_often(artifact: Artifact, ledger: Path) -> None:
    for _ in range(10):
        heldout.answers(artifact, "evaluate", "x" * 5000, ledger)


def test_readers_at_the_same_time_leave_whole_lines(tmp_path: Path) -> None:
    artifact, ledger = dataset(tmp_path / "one"), tmp_path / "reads.jsonl"
    context = multiprocessing.get_context("spawn")
    readers = [context.Process(target=_read_often, args=(artifact, ledger)) for _ in range(3)]
    for reader in readers:
        reader.start()
    for reader in readers:
        reader.join()
        assert reader.exitcode == 0
    assert [json.loads(line)["reader"] for line in ledger.read_text().splitlines()] == ["evaluate"] * 30
