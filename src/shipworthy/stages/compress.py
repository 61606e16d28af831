"""Makes the trained model smaller, and shows on the test split what that cost."""

import tempfile
from pathlib import Path

import numpy as np
import polars as pl

from shipworthy.core.artifact import Artifact
from shipworthy.core.errors import ArtifactError
from shipworthy.core.files import write_json
from shipworthy.core.groups import QuantConfig
from shipworthy.core.progress import say
from shipworthy.core.workspace import Workspace
from shipworthy.evaluation import heldout, predictions, scores
from shipworthy.evaluation.tasks.schema import Task
from shipworthy.models import parquet
from shipworthy.models.documents import documents
from shipworthy.optimize.quantize.build import Source, build
from shipworthy.optimize.quantize.variant import Judged, Variant, adjust, choose, judge, smallest

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

        def score(variant: Variant) -> Judged:
            correct = scores.correct(task, variant.predictions, answers)
            return judge(
                variant, correct, scores.summary(task, variant.predictions, answers, seed), reference, criteria
            )

        judged = [score(variant) for variant in variants]
        adjust(judged)
        if smallest(judged) is None and (last := method.last_resort(folder)):
            say(f"compress: no variant is good enough; {last.name} instead")
            judged.append(score(last))
            adjust(judged)
        chosen, passed, why = choose(judged)
        for one in judged:
            _keep(folder, one, source)
        write_json(
            folder / "compressed.json",
            {
                "metric": task.metric,
                "n": len(answers),
                "reference": REFERENCE,
                "margin": criteria["noninferiority_margin"],
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


def _reference(evaluation: Artifact, test: pl.DataFrame) -> "np.ndarray[tuple[int], np.dtype[np.bool_]]":
    """Which documents of test the uncompressed model got right."""
    rows = parquet.read(evaluation.file(f"predictions/{REFERENCE}.parquet"))
    if rows["id"].to_list() != documents(test)["id"].to_list():
        raise ArtifactError(
            f"{evaluation.path} speaks of other rows than the dataset: run `shipworthy evaluate` again."
        )
    return np.asarray(rows["correct"].to_list(), dtype=np.bool_)


def _keep(folder: Path, one: Judged, source: Source) -> None:
    """Predictions by row: on the test split scored, on the validation sample as they came."""
    variant = one.variant
    asked = documents(source.test())["id"]
    predictions.write(folder / "predictions" / f"{variant.name}.parquet", asked, variant.predictions, one.correct)
    sample = documents(source.sample(len(variant.sample)))["id"]
    predictions.write(folder / "predictions" / f"{variant.name}.validation.parquet", sample, variant.sample)


def _show(metric: str, one: Judged) -> None:
    share, lost = one.metrics[metric], one.test.difference
    say(
        f"{one.variant.name:10} {one.variant.size_mb:7.1f} MB  {metric} {share.value:.3f} "
        f"({share.low:.3f} to {share.high:.3f})  against {REFERENCE} {lost.value:+.3f} "
        f"({lost.low:+.3f} to {lost.high:+.3f}), p = {one.p_holm:.2g}: "
        f"{'not worse' if one.holds else 'not shown to be not worse'}"
    )
