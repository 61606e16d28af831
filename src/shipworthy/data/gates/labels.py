"""Labels that look wrong (Northcutt, Jiang and Chuang 2021, JAIR: confident learning)."""

import numpy as np
import polars as pl

from shipworthy.core.errors import UsageError
from shipworthy.data.gates.model import probabilities
from shipworthy.data.gates.schema import Labels
from shipworthy.data.gates.view import Finding, Number, View
from shipworthy.evaluation.intervals import wilson

CLASSES = 100
"""More of them are free text."""


def check(config: Labels, view: View) -> Finding:
    """Suspects among a sample of train and validation, the least likely label first.

    Raises:
        UsageError: the answers are no classes.
    """
    from cleanlab.filter import find_label_issues

    rows = view.sample
    classes = sorted(rows["answer"].unique())
    if not 2 <= len(classes) <= CLASSES:
        raise UsageError(
            f"data.gates.labels: the answers are {len(classes)} classes, not 2 to {CLASSES}: drop the gate."
        )
    said_NC = probabilities(
        rows, view.features, rows["answer"].to_numpy(), config.folds, f"labels {view.seed}", "labels"
    )
    given_N = np.searchsorted(np.array(classes), rows["answer"].to_numpy().astype(str))
    suspects = find_label_issues(
        given_N, said_NC, return_indices_ranked_by="self_confidence", filter_by="both", n_jobs=1
    )
    interval = wilson(len(suspects), rows.height)
    faults = []
    if interval.value > config.most:
        faults = [f"{interval.value:.1%} of the labels look wrong, more than {config.most:.1%}"]
    out = (
        rows[suspects.tolist()]
        .select("id", "answer")
        .with_columns(
            pl.Series("likely", [classes[i] for i in said_NC[suspects].argmax(axis=1)], dtype=pl.String),
            pl.Series("share", said_NC[suspects].max(axis=1).round(3), dtype=pl.Float64),
        )
    )
    why = pl.format("labelled {}, more likely {} ({})", "answer", "likely", "share").alias("detail")
    number = Number("share of labels that look wrong", interval.value, config.most, interval.low, interval.high)
    return Finding(faults, rows.height, [number], out.select("id", why), len(suspects))
