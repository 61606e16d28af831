"""Gate: few labels are suspected to be wrong (confident learning, Northcutt, Jiang and Chuang 2021, JAIR)."""

import numpy as np
import polars as pl

from shipworthy.core.errors import UsageError
from shipworthy.data.gates.interface import GateInput, GateResult, Measurement
from shipworthy.data.gates.model_settings import Labels
from shipworthy.data.gates.out_of_fold import out_of_fold_probabilities
from shipworthy.evaluation.intervals import wilson

MAX_CLASSES = 100
"""Answers with more distinct values are free text."""


def check(config: Labels, inputs: GateInput) -> GateResult:
    """Finds suspected labels in a sample of train and validation, the least likely label first.

    Raises:
        UsageError: the answers are no classes.
    """
    from cleanlab.filter import find_label_issues

    rows = inputs.sample
    classes = sorted(rows["answer"].unique())
    if not 2 <= len(classes) <= MAX_CLASSES:
        raise UsageError(
            f"data.gates.labels: the answers are {len(classes)} classes, not 2 to {MAX_CLASSES}: drop the gate."
        )
    probabilities_NC = out_of_fold_probabilities(
        rows, inputs.features, rows["answer"].to_numpy(), config.folds, f"labels {inputs.seed}", "labels"
    )
    given_N = np.searchsorted(np.array(classes), rows["answer"].to_numpy().astype(str))
    suspects = find_label_issues(
        given_N, probabilities_NC, return_indices_ranked_by="self_confidence", filter_by="both", n_jobs=1
    )
    interval = wilson(len(suspects), rows.height)
    violations = []
    if interval.value > config.max_share:
        violations = [f"{interval.value:.1%} of the labels look wrong, more than {config.max_share:.1%}"]
    out = (
        rows[suspects.tolist()]
        .select("id", "answer")
        .with_columns(
            pl.Series("likely", [classes[i] for i in probabilities_NC[suspects].argmax(axis=1)], dtype=pl.String),
            pl.Series("share", probabilities_NC[suspects].max(axis=1).round(3), dtype=pl.Float64),
        )
    )
    why = pl.format("labelled {}, more likely {} ({})", "answer", "likely", "share").alias("detail")
    number = Measurement(
        "share of labels that look wrong", interval.value, config.max_share, interval.low, interval.high
    )
    return GateResult(violations, rows.height, [number], out.select("id", why), len(suspects))
