"""Makes the trained model smaller, and shows on the test split what that cost."""

import tempfile
from pathlib import Path
from typing import Any

import polars as pl
from numpy.typing import NDArray

from shipworthy.core.artifact import Artifact
from shipworthy.core.commands import again
from shipworthy.core.errors import ArtifactError
from shipworthy.core.files import write_json
from shipworthy.core.groups import QuantConfig
from shipworthy.core.progress import say
from shipworthy.core.workspace import Workspace
from shipworthy.evaluation import figures, heldout, predictions, slices
from shipworthy.evaluation.metric import title
from shipworthy.evaluation.resampling import Resampling
from shipworthy.evaluation.tasks.schema import Task
from shipworthy.models.documents import documents
from shipworthy.models.rows import groups
from shipworthy.optimize.quantize.build import Source, build
from shipworthy.optimize.quantize.variant import Judged, choose, judge, smallest

READS = ("plan", "dataset", "checkpoint", "evaluation")
REFERENCE = "tuned"


def run(*, task: Task, quant: QuantConfig, seed: int, workspace: Workspace) -> None:
    """Reads `plan`, `dataset`, `checkpoint` and `evaluation`, writes `compressed`.

    Raises:
        ShipworthyError: the toolchain is missing, or the engine's tokens are not those of the training.
        ArtifactError: the artifacts are not of one run of the pipeline.
    """
    criteria = workspace.read("plan").json("criteria.json")
    dataset, checkpoint, evaluation = (workspace.read(kind) for kind in ("dataset", "checkpoint", "evaluation"))
    with workspace.write("compressed") as folder, tempfile.TemporaryDirectory(dir=folder) as scratch:
        source = Source(task, dataset, checkpoint, Path(scratch))
        method = build(quant, source)
        # Every variant has answered before the answers are opened.
        variants = list(method.variants(folder))
        answers = heldout.answers_to(dataset, source.test(), "non-inferiority of the compressed variants", workspace)
        reference = _reference(evaluation, source.test())

        asked = documents(source.test())
        how = Resampling(asked.height, groups(asked), seed, criteria["alpha"])
        parts = slices.of_dataset(task.slices, dataset, asked)
        judged = judge(task, variants, answers, reference, criteria, how, parts)
        if smallest(judged) is None and (last := method.last_resort(folder)):
            say(f"compress: no variant is good enough; {last.name} instead")
            judged = judge(task, [*variants, last], answers, reference, criteria, how, parts)
        chosen, passed, why = choose(judged)
        for one in judged:
            _keep(folder, one, source)
        write_json(
            folder / "compressed.json",
            {
                "metric": task.metric,
                "n": len(answers),
                "reference": REFERENCE,
                "margin": chosen.claim.margin,
                "correction": "Holm over the variants",
                "variants": [one.to_json() for one in judged],
                "chosen": chosen.variant.name,
                "passed": passed,
                "why": why,
            },
        )
    for one in judged:
        _show(task.metric, one)
    say(f"chosen: {why}")


def _reference(evaluation: Artifact, test: pl.DataFrame) -> NDArray[Any]:
    """What the deciding metric says of the uncompressed model's answers to the documents of test."""
    rows = predictions.scored(evaluation.file(f"predictions/{REFERENCE}.parquet"))
    if rows["id"].to_list() != documents(test)["id"].to_list():
        raise ArtifactError(
            f"{evaluation.path} speaks of other rows than the dataset: run `{again('evaluate')}` again."
        )
    return predictions.rows(rows)


def _keep(folder: Path, one: Judged, source: Source) -> None:
    """Predictions by row: on the test split scored, on the validation sample as they came."""
    variant = one.variant
    asked = documents(source.test())["id"]
    more = {"scored": one.scored, "correct": one.correct}
    predictions.write(folder / "predictions" / f"{variant.name}.parquet", asked, variant.predictions, more)
    sample = documents(source.sample(len(variant.sample)))["id"]
    predictions.write(folder / "predictions" / f"{variant.name}.validation.parquet", sample, variant.sample)


def _show(metric: str, one: Judged) -> None:
    found = figures.interval(metric, one.metrics[metric])
    say(f"{one.variant.name:10} {one.variant.size_mb:7.1f} MB  {title(metric)} {found}  {one.sentence}")
