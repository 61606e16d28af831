"""From a config to the method that compresses; the method's folder is the one in which the config's schema stands."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import polars as pl

from shipworthy.core.artifact import Artifact
from shipworthy.core.groups import QuantConfig
from shipworthy.core.lazy import Lazy
from shipworthy.evaluation.tasks.schema import Task
from shipworthy.models.dataset import split
from shipworthy.models.documents import chosen, documents
from shipworthy.optimize.quantize.variant import Variant

METHODS = Lazy("{quant}.compress")
SAMPLE_SEED = 0


@dataclass(frozen=True)
class Source:
    """What is compressed, and what its variants are tried on.

    Attributes:
        scratch: a folder that is removed when all is done.
    """

    task: Task
    dataset: Artifact
    checkpoint: Artifact
    scratch: Path

    def test(self) -> pl.DataFrame:
        """The inputs of the test split."""
        return split(self.dataset, "test")

    def sample(self, n: int) -> pl.DataFrame:
        """The rows of at most n documents of validation, always the same ones."""
        rows = split(self.dataset, "validation")
        whole = documents(rows)
        return chosen(rows, whole.sample(min(n, whole.height), seed=SAMPLE_SEED)["id"])


class Method(Protocol):
    """A way to make the model smaller."""

    def variants(self, folder: Path) -> Iterator[Variant]:
        """Makes each variant in `folder` and asks it."""
        ...

    def last_resort(self, folder: Path) -> Variant | None:
        """The least compressed form that can be served, for when no variant is good enough (None: there is none)."""
        ...


def build(config: QuantConfig, source: Source) -> Method:
    """The method of a config."""
    method: Method = METHODS.load(config).create(config, source)
    return method
