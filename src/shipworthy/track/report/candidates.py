"""Everything that was measured on the test split: baselines, the tuned model, its compressed variants."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from shipworthy.core.artifact import Artifact
from shipworthy.core.commands import again
from shipworthy.core.errors import ArtifactError
from shipworthy.evaluation import figures
from shipworthy.evaluation.claims import Claim
from shipworthy.evaluation.intervals import Interval

BASELINE, TUNED, VARIANT = "baseline", "tuned", "variant"


@dataclass(frozen=True)
class Candidate:
    """One line of the table.

    Attributes:
        name: what it is called: of the trained model `tuned`, or its family where it was not tuned from base weights.
        role: `baseline`, `tuned` (the trained model) or `variant`.
        metrics: name → value with its interval.
        size_mb: of the weights (10^6 bytes; None where it was not measured).
        p95_s: 95th percentile of one request (seconds; None where it was not measured).
        verdict: what the tests say of it, in a few words.
        chosen: whether this is what would be shipped.
    """

    name: str
    role: str
    metrics: Mapping[str, Interval]
    size_mb: float | None
    p95_s: float | None
    verdict: str
    chosen: bool = False


def candidates(artifacts: Mapping[str, Artifact]) -> list[Candidate]:
    """All candidates, in the order of the pipeline.

    Raises:
        ArtifactError: the evaluation holds no tuned model.
    """
    evaluation = artifacts["evaluation"].json("evaluation.json")
    found = [_evaluated(record, evaluation) for record in evaluation["candidates"]]
    if not any(candidate.role == TUNED for candidate in found):
        raise ArtifactError(f"The evaluation holds no tuned model: run `{again('evaluate')}` again.")
    if "compressed" in artifacts:
        compressed = artifacts["compressed"].json("compressed.json")
        found += [_variant(record, compressed["chosen"]) for record in compressed["variants"]]
    return found


def tuned(found: list[Candidate]) -> Candidate:
    """The tuned model."""
    return next(candidate for candidate in found if candidate.role == TUNED)


def chosen(found: list[Candidate]) -> Candidate:
    """What would be shipped: the chosen variant, or the tuned model where nothing was compressed."""
    return next((candidate for candidate in found if candidate.chosen), tuned(found))


def intervals(metrics: Mapping[str, Mapping[str, float]]) -> dict[str, Interval]:
    """Metrics as they are in JSON files."""
    return {name: Interval(**record) for name, record in metrics.items()}


def _evaluated(record: Mapping[str, Any], evaluation: Mapping[str, Any]) -> Candidate:
    verdict = ""
    if record["role"] == TUNED:
        claim = Claim.from_json(evaluation["comparison"])
        p = figures.probability(claim.p_value, claim.alpha)
        verdict = f"against {evaluation['best_baseline']}: {claim.sentence}, {p}"
    elif record["name"] == evaluation["best_baseline"]:
        verdict = "best baseline"
    return Candidate(
        record.get("called", record["name"]),
        record["role"],
        intervals(record["metrics"]),
        record.get("size_mb"),
        record.get("p95_s"),
        verdict,
    )


def _variant(record: Mapping[str, Any], chosen_name: str) -> Candidate:
    words = []
    if test := record.get("noninferiority"):
        words.append(Claim.from_json(test).sentence)
    else:
        words.append("the model itself")
    if record["name"] == chosen_name:
        words.insert(0, "chosen")
    return Candidate(
        record["name"],
        VARIANT,
        intervals(record["metrics"]),
        record.get("size_mb"),
        record.get("p95_s"),
        ", ".join(words),
        record["name"] == chosen_name,
    )
