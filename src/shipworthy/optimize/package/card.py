"""The model card: what it is, what it was made of, how good it is, where it ends."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from shipworthy.evaluation import figures
from shipworthy.evaluation.by_number import promise
from shipworthy.evaluation.claims import Claim
from shipworthy.evaluation.intervals import Interval
from shipworthy.evaluation.judges import words
from shipworthy.evaluation.metric import title
from shipworthy.models.dataset import info
from shipworthy.optimize.package.build import Contents, Subject

TEMPLATE = "MODEL_CARD.md.j2"


def render(subject: Subject, contents: Contents, lineage: dict[str, Any], judged: Mapping[str, Any]) -> str:
    """The card as Markdown; every number in it is in an artifact.

    Args:
        judged: judgement.json (empty: there is none).
    """
    # Markdown, not HTML: nothing is to be escaped.
    environment = Environment(  # noqa: S701
        loader=FileSystemLoader(Path(__file__).parent), undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters |= {
        "share": figures.percent,
        "measured": measured,
        "title": title,
        "claim": Claim.from_json,
        "figure": figures.figure,
    }
    artifacts = subject.artifacts
    training = artifacts["checkpoint"].json("training.json")
    dataset, evaluation = info(artifacts["dataset"]), artifacts["evaluation"].json("evaluation.json")
    compressed = artifacts["compressed"].json("compressed.json")
    return environment.get_template(TEMPLATE).render(
        task=subject.task,
        contents=contents,
        lineage=lineage,
        chosen=subject.chosen,
        criteria=artifacts["plan"].json("criteria.json"),
        dataset=dataset,
        source=dataset.statistics.get("source", {}),
        evaluation=evaluation,
        judged={**judged, "said": _judged(judged)} if judged.get("asked") else None,
        against=Claim.from_json(evaluation["comparison"]),
        metrics=list(next(one for one in evaluation["candidates"] if one["role"] == "tuned")["metrics"]),
        compressed=compressed,
        slices=subject.chosen["slices"],
        bench=artifacts["bench"].json("bench.json"),
        training=training,
        decision=training.get("decision"),
        forgetting=training.get("forgetting"),
        interval=training.get("interval"),
        own_bounds=subject.artifacts["checkpoint"].manifest.config.get("model", {}).get("interval", 0) > 0,
        promised=_promised(training.get("interval"), subject.chosen["metrics"]),
        environment=artifacts["compressed"].manifest.environment,
        code=artifacts["checkpoint"].manifest.code,
        runs={kind: artifact.manifest.run_id for kind, artifact in artifacts.items()},
    )


def _judged(judged: Mapping[str, Any]) -> list[str]:
    """What the judge said, in sentences."""
    found = [f"{mode}: {sentence}." for mode, sentence in words.claims(judged)]
    return [*found, *filter(None, [words.position(judged)]), *words.people(judged)]


def measured(metrics: Mapping[str, Mapping[str, float]], name: str) -> str:
    """One of a candidate's metrics with its interval; a dash where it has no such metric."""
    return figures.interval(name, Interval(**metrics[name])) if name in metrics else "–"


def _promised(interval: Mapping[str, float] | None, metrics: Mapping[str, Mapping[str, float]]) -> str:
    """What the package's intervals hold on test, in a clause; empty where it has none."""
    if not interval or "interval_coverage" not in metrics:
        return ""
    return promise(interval["level"], Interval(**metrics["interval_coverage"]))
