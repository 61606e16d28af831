"""From a config to the bench of an engine; its folder is the one in which the config's schema stands."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from shipworthy.core.artifact import Artifact, inside
from shipworthy.core.groups import EngineConfig
from shipworthy.core.lazy import Lazy
from shipworthy.evaluation.tasks.schema import Task
from shipworthy.models import parquet
from shipworthy.models.dataset import split
from shipworthy.models.documents import chosen

BENCHES = Lazy("{engine}.bench")


@dataclass(frozen=True)
class Served:
    """What is served, and what it is asked.

    Attributes:
        name: the variant's.
        path: its file or folder.
        compressed: the artifact that it is of.
        rows: validation inputs (without answers), of the documents that `compress` asked one by one.
        expected: what the variant said to each document there.
    """

    task: Task
    name: str
    path: Path
    compressed: Artifact
    checkpoint: Artifact
    rows: pl.DataFrame
    expected: list[str]


def served(task: Task, dataset: Artifact, checkpoint: Artifact, compressed: Artifact) -> Served:
    """The chosen variant of `compressed`."""
    record = compressed.json("compressed.json")
    variant = next(v for v in record["variants"] if v["name"] == record["chosen"])
    sample = parquet.read(compressed.file(f"predictions/{variant['name']}.validation.parquet"))
    rows = chosen(split(dataset, "validation").drop("answer"), sample["id"])
    return Served(
        task=task,
        name=variant["name"],
        path=inside(compressed.path, variant["file"]),
        compressed=compressed,
        checkpoint=checkpoint,
        rows=rows,
        expected=sample["prediction"].to_list(),
    )


def bench(config: EngineConfig, subject: Served) -> dict[str, Any]:
    """Measures; the content of bench.json.

    Raises:
        ShipworthyError: the engine did not start, or did not answer.
    """
    result: dict[str, Any] = BENCHES.load(config).run(config, subject)
    return result
