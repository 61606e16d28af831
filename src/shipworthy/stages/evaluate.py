"""Measures every candidate on the test split and says whether the trained model beats the best baseline."""

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

import polars as pl

from shipworthy.core.artifact import Artifact, inside
from shipworthy.core.commands import again
from shipworthy.core.errors import ArtifactError
from shipworthy.core.files import write_json
from shipworthy.core.lazy import Lazy
from shipworthy.core.progress import say
from shipworthy.core.workspace import Workspace
from shipworthy.evaluation import claims, figures, flat_records, heldout, latency, predictions, scores, slices
from shipworthy.evaluation.importance import importances
from shipworthy.evaluation.intervals import Interval
from shipworthy.evaluation.judged import judged
from shipworthy.evaluation.metric import title
from shipworthy.evaluation.resampling import Resampling
from shipworthy.evaluation.tasks.classification.schema import Classification
from shipworthy.evaluation.tasks.multi_label.schema import MultiLabel
from shipworthy.evaluation.tasks.regression.schema import Regression
from shipworthy.evaluation.tasks.schema import Task
from shipworthy.models import build
from shipworthy.models.dataset import split
from shipworthy.models.documents import chunks, documents, first, predict
from shipworthy.models.protocol import Predictor
from shipworthy.models.rows import features, groups
from shipworthy.models.size import size_mb

READS = ("plan", "dataset", "baseline", "checkpoint")
BASELINES = Lazy("{task.baselines}.family")
"""What models/build.py loads for them."""
TUNED = "tuned"
TIMED_ROWS = 20


def run(*, task: Task, seed: int, workspace: Workspace) -> None:
    """Reads `plan`, `dataset`, `baseline` and `checkpoint`, writes `evaluation`.

    Raises:
        ArtifactError: the plan was made for another metric.
    """
    criteria = workspace.read("plan").json("criteria.json")
    if criteria["metric"] != task.metric:
        raise ArtifactError(
            f"The plan decides by {criteria['metric']} and the task by {task.metric}: run `{again('plan')}` again."
        )
    dataset, baseline, checkpoint = (workspace.read(kind) for kind in ("dataset", "baseline", "checkpoint"))
    validated = {entry["name"]: entry["validation"] for entry in baseline.json("baseline.json")["baselines"]}
    folders = {**{name: inside(baseline.path, name) for name in validated}, TUNED: checkpoint.path}
    test = split(dataset, "test")
    asked = documents(test)
    how = Resampling(asked.height, groups(asked), seed, criteria["alpha"])
    parts = slices.of_dataset(task.slices, dataset, asked)
    answered = {
        name: predictions.read(baseline.file(f"predictions/{name}.test.parquet"), asked["id"]) for name in validated
    }
    tuned = build.load(checkpoint.path)
    answered[TUNED] = list(predict(tuned, test))
    leaned_on = _importances(task, tuned, dataset, seed)
    called = build.called(checkpoint.path, validated)
    served = {
        name: _served(called if name == TUNED else name, folder, first(test, TIMED_ROWS))
        for name, folder in folders.items()
    }

    # Every candidate has answered: only now are the answers opened.
    answers = heldout.answers_to(dataset, test, "metrics of every candidate and the paired test", workspace)
    # The baseline to beat is chosen on validation, so that the hypothesis stands before the test split is seen: the
    # best of several on test would be the luckiest as well, and its difference to the tuned model biased.
    best = claims.best(task.metric, {name: one[task.metric]["value"] for name, one in validated.items()})
    found = judged(
        task, answered, answers, tuned=TUNED, called=called, best=best, criteria=criteria, how=how, parts=parts
    )
    candidates = [_candidate(name, metrics, served[name], called) for name, metrics in found.metrics.items()]
    tuned_one = next(one for one in candidates if one["role"] == TUNED)
    with workspace.write("evaluation") as folder:
        for name, given in answered.items():
            more = {"scored": found.scored[name], "correct": found.correct[name], "group": how.clusters}
            predictions.write(folder / "predictions" / f"{name}.parquet", asked["id"], given, more)
        write_json(
            folder / "evaluation.json",
            {
                **found.record,
                "test_reads": heldout.reads(dataset, heldout.ledger_of(workspace)),
                "candidates": candidates,
                "importance_by": scores.by_row(task),
                "importance": [{"column": name, **lost.to_json()} for name, lost in leaned_on.items()],
            },
        )
        write_json(folder / flat_records.METRICS, flat_records.evaluated(found.record, tuned_one))
        write_json(folder / flat_records.CANDIDATES, flat_records.candidates(task.metric, candidates))
    _show(task.metric, candidates)
    say(f"{'PASSED' if found.verdict.passed else 'NOT PASSED'} against {best}")
    for reason in found.verdict.reasons:
        say(f"  {reason}")
    if worst := found.record["slices"]["worst"]:
        value = figures.interval(task.metric, Interval(**worst["metrics"][task.metric]))
        say(f"worst slice: {worst['slice']} {worst['part']}, {title(task.metric)} {value} of {worst['rows']:,} rows")
    for remark in found.record["remarks"]:
        say(f"look at this: {remark}.")


def _importances(task: Task, model: Predictor, dataset: Artifact, seed: int) -> dict[str, Interval]:
    """Of a table's columns, measured on validation; of texts nothing."""
    if not isinstance(task, Classification | MultiLabel | Regression):
        return {}
    validation = split(dataset, "validation")
    return importances(
        model, validation, features(validation), partial(scores.goodness, scores.by_row(task), task), seed
    )


def _candidate(name: str, summary: Mapping[str, Interval], served: Mapping[str, float], called: str) -> dict[str, Any]:
    """Its entry in evaluation.json."""
    return {
        "name": name,
        "role": TUNED if name == TUNED else "baseline",
        "called": name if name != TUNED else called,
        "metrics": {metric: interval.to_json() for metric, interval in summary.items()},
        **served,
    }


def _served(name: str, folder: Path, rows: pl.DataFrame) -> dict[str, float]:
    """Size on disk, and the 95th percentile of the seconds that single requests take in this process."""
    say(f"{name}: {len(chunks(rows))} single requests")
    seconds = latency.one_by_one(build.load(folder), rows)
    return {"size_mb": size_mb(folder), "p95_s": latency.percentile(seconds, 0.95)}


def _show(name: str, candidates: list[dict[str, Any]]) -> None:
    say(f"{'candidate':16} {title(name) + ' [95%]':>24} {'MB':>9} {'p95, s':>8}")
    for one in candidates:
        found = figures.interval(name, Interval(**one["metrics"][name]))
        say(f"{one['called']:16} {found:>24} {one['size_mb']:9.1f} {one['p95_s']:8.3f}")
