"""Compares a run with its repetition: identical, within a tolerance, or from which step on they differ."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from itertools import zip_longest
from typing import Any

import polars as pl

from shipworthy.core.artifact import Artifact
from shipworthy.models import parquet
from shipworthy.models.build import RECORDS

PREDICTIONS = "validation.parquet"
CLOCKED = ("tokens_per_s", "tflops", "memory_mb", "micro_batch_size")
"""What a step's entry holds of the machine, beside the seconds (`…_s`)."""

NO_STEP: Mapping[str, Any] = {}


class Verdict(StrEnum):
    """How alike two runs are."""

    IDENTICAL = "identical"
    WITHIN_TOLERANCE = "within tolerance"
    DIFFERENT = "different"


@dataclass(frozen=True)
class Outcome:
    """How alike a run and its repetition are.

    Attributes:
        files: files of the model → whether their bytes are the same.
        differing: the first step whose numbers differ, and which of them (None: none does).
        largest: the largest relative difference of a number of any step (0: none).
        predictions: rows of the validation, and how many of them got another answer (None: not kept).
        tolerance: the largest relative difference of a number, and share of other answers, that is allowed.
    """

    files: dict[str, bool]
    differing: dict[str, Any] | None
    largest: float
    predictions: dict[str, int] | None
    tolerance: float

    @property
    def verdict(self) -> Verdict:
        """Identical if weights, numbers and answers are; the weights' last bits alone may differ within a tolerance."""
        others = self.predictions["others"] if self.predictions else 0
        if all(self.files.values()) and not self.differing and not others:
            return Verdict.IDENTICAL
        rows = self.predictions["rows"] if self.predictions else 0
        if self.largest <= self.tolerance and others <= self.tolerance * rows:
            return Verdict.WITHIN_TOLERANCE
        return Verdict.DIFFERENT

    def lines(self) -> list[str]:
        """For printing: the verdict last."""
        same = sum(self.files.values())
        found = [f"weights: {same} of {len(self.files)} files have the same sha256"]
        found += [f"  {name} differs" for name, equal in self.files.items() if not equal]
        if self.differing is None:
            found.append("metrics: every step's numbers are the same")
        else:
            step, name, then, now = (self.differing[key] for key in ("step", "name", "then", "now"))
            found.append(
                f"metrics: they differ from step {step} on: {name} is {now}, and was {then}; the largest relative "
                f"difference of a number is {self.largest:.2g}"
            )
        if self.predictions is None:
            found.append("predictions: the run kept none")
        else:
            found.append(
                f"predictions: {self.predictions['others']} of {self.predictions['rows']} validation rows got another "
                "answer"
            )
        return [*found, str(self.verdict)]

    def to_json(self) -> dict[str, Any]:
        """As it is in reproduction.json."""
        return {"verdict": str(self.verdict), **asdict(self)}


def compare(then: Artifact, now: Artifact, tolerance: float) -> Outcome:
    """Compares two checkpoints.

    Args:
        tolerance: a relative difference, and a share of rows (0 to 1).
    """
    names = sorted({*_model_files(then), *_model_files(now)})
    differing, largest = steps(then.json("history.json"), now.json("history.json"))
    return Outcome(
        files={name: _model_files(then).get(name) == _model_files(now).get(name) for name in names},
        differing=differing,
        largest=largest,
        predictions=_predictions(then, now),
        tolerance=tolerance,
    )


def steps(then: Sequence[Mapping[str, Any]], now: Sequence[Mapping[str, Any]]) -> tuple[dict[str, Any] | None, float]:
    """The first step whose numbers differ, and the largest relative difference of any; times don't count."""
    differing, largest = None, 0.0
    for number, (one, other) in enumerate(zip_longest(then, now, fillvalue=NO_STEP), 1):
        for name in [name for name in {**one, **other} if not _is_clocked(name)]:
            before, after = one.get(name), other.get(name)
            if before == after or (_is_nan(before) and _is_nan(after)):
                continue
            differing = differing or {"step": number, "name": name, "then": before, "now": after}
            if isinstance(before, int | float) and isinstance(after, int | float):
                largest = max(largest, abs(after - before) / max(abs(before), abs(after)))
            else:  # other rows, or a step that only one of them made
                largest = math.inf
    return differing, largest


def _is_clocked(name: str) -> bool:
    return name.endswith("_s") or name in CLOCKED


def _is_nan(value: Any) -> bool:
    return isinstance(value, float) and math.isnan(value)


def _model_files(checkpoint: Artifact) -> dict[str, str]:
    files = checkpoint.manifest.files
    return {name: record["sha256"] for name, record in files.items() if name not in RECORDS}


def _predictions(then: Artifact, now: Artifact) -> dict[str, int] | None:
    if PREDICTIONS not in then.manifest.files or PREDICTIONS not in now.manifest.files:
        return None
    one, other = (
        parquet.read(checkpoint.file(PREDICTIONS)).select(pl.col("id").cast(pl.String), "prediction")
        for checkpoint in (then, now)
    )
    both = one.join(other, on="id", how="full")
    others = both.filter(pl.col("prediction").ne_missing(pl.col("prediction_right"))).height
    return {"rows": both.height, "others": others}
