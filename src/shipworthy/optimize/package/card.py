"""The model card: what it is, what it was made of, how good it is, where it ends."""

from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from shipworthy.models.dataset import info
from shipworthy.optimize.package.build import Contents, Subject

TEMPLATE = "MODEL_CARD.md.j2"


def render(subject: Subject, contents: Contents, lineage: dict[str, Any]) -> str:
    """The card as Markdown; every number in it stands in an artifact."""
    # Markdown, not HTML: nothing is to be escaped.
    environment = Environment(  # noqa: S701
        loader=FileSystemLoader(Path(__file__).parent), undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters |= {"share": share, "difference": difference}
    artifacts = subject.artifacts
    dataset = info(artifacts["dataset"])
    return environment.get_template(TEMPLATE).render(
        task=subject.task,
        contents=contents,
        lineage=lineage,
        chosen=subject.chosen,
        criteria=artifacts["plan"].json("criteria.json"),
        dataset=dataset,
        source=dataset.statistics.get("source", {}),
        evaluation=artifacts["evaluation"].json("evaluation.json"),
        compressed=artifacts["compressed"].json("compressed.json"),
        bench=artifacts["bench"].json("bench.json"),
        training=artifacts["checkpoint"].json("training.json"),
        environment=artifacts["compressed"].manifest.environment,
        code=artifacts["checkpoint"].manifest.code,
        runs={kind: artifact.manifest.run_id for kind, artifact in artifacts.items()},
    )


def share(interval: dict[str, float]) -> str:
    """0.361 (0.334 to 0.389)."""
    return f"{interval['value']:.3f} ({interval['low']:.3f} to {interval['high']:.3f})"


def difference(interval: dict[str, float]) -> str:
    """+0.061 (+0.034 to +0.089)."""
    return f"{interval['value']:+.3f} ({interval['low']:+.3f} to {interval['high']:+.3f})"
