"""The only code that reads the answers of the test split; it records every reader."""

import fcntl
import time
from pathlib import Path
from typing import Any

import polars as pl

from shipworthy.core import json_lines
from shipworthy.core.artifact import Artifact
from shipworthy.core.errors import ArtifactError
from shipworthy.core.workspace import Workspace
from shipworthy.models.dataset import table
from shipworthy.models.documents import documents

ANSWERS = "test_answers.parquet"
LEDGER = "heldout_reads.jsonl"


def ledger_of(workspace: Workspace) -> Path:
    """Where the reads of a workspace's test splits are noted; it outlives the artifacts."""
    return workspace.root.parent / "runs" / LEDGER


def answers(dataset: Artifact, reader: str, purpose: str, ledger: Path, run_id: str = "") -> pl.DataFrame:
    """The test answers (columns `id`, `answer`); the read is in the ledger before they are given out.

    Args:
        dataset: the artifact that holds them.
        reader: the command that reads, e.g. `evaluate`.
        purpose: what for, in a few words.
        ledger: a JSONL file; made if there is none.
        run_id: the run that reads.
    """
    _append(
        ledger,
        {"reader": reader, "purpose": purpose, "dataset": dataset.digest, "time": time.time(), "run_id": run_id},
    )
    return table(dataset, ANSWERS.removesuffix(".parquet")).select("id", "answer")


def answers_to(dataset: Artifact, test: pl.DataFrame, purpose: str, workspace: Workspace) -> list[str]:
    """The answers to the documents of `test` (see models/documents.py), in order, read by the workspace's command.

    Raises:
        ArtifactError: the dataset's answers are those of other rows.
    """
    opened = answers(dataset, workspace.command, purpose, ledger_of(workspace), workspace.run_id)
    if opened["id"].to_list() != test["id"].to_list():
        raise ArtifactError(f"{dataset.path}: test.parquet and test_answers.parquet hold other rows: prepare it again.")
    return documents(test.with_columns(opened["answer"]))["answer"].to_list()


def reads(dataset: Artifact, ledger: Path) -> list[dict[str, Any]]:
    """Every read of this dataset's test answers so far, the oldest first."""
    if not ledger.is_file():
        return []
    with ledger.open("rb") as file:
        fcntl.flock(file, fcntl.LOCK_SH)
        return [entry for entry in json_lines.read(ledger) if entry.get("dataset") == dataset.digest]


def _append(ledger: Path, entry: dict[str, Any]) -> None:
    ledger.parent.mkdir(parents=True, exist_ok=True)
    with ledger.open("ab") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        json_lines.append(ledger, entry)
