"""An isolation forest, fitted by scikit-learn and saved as JSON: `models/transform/ops` scores without scikit-learn."""

from typing import Any

import numpy as np
import polars as pl
from sklearn.ensemble import IsolationForest as Sklearn

from shipworthy.core.errors import UsageError
from shipworthy.data.fitted.interface import FitInput, Learned, Step
from shipworthy.data.fitted.outliers.schema import IsolationForest
from shipworthy.data.hash_sampling import sample
from shipworthy.models.transform.ops.isolation_forest import Forest, usual_depth
from shipworthy.models.transform.replay import NUMBER

# Most rows of train on which the forest and its threshold are fitted.
MAX_ROWS = 100_000


def fit(config: IsolationForest, inputs: FitInput) -> Learned:
    """The forest; its threshold is the score that `share` of train exceeds.

    Raises:
        UsageError: a column is no number, or train has no value in it.
    """
    inputs.require_columns(config.columns, NUMBER, "data.fitted.outliers.isolation_forest.columns")
    train_rows = sample(inputs.train.select("id", *config.columns), MAX_ROWS, f"isolation forest {inputs.seed}")
    numbers = {name: train_rows[name].cast(pl.Float64).fill_null(float("nan")).to_numpy() for name in config.columns}
    if empty := [name for name, values in numbers.items() if np.isnan(values).all()]:
        raise UsageError(f"data.fitted.outliers.isolation_forest: train has no value of {empty[0]}: leave it out.")
    fill = {name: float(np.nanmedian(values)) for name, values in numbers.items()}
    table_NF = np.column_stack([np.where(np.isnan(values), fill[name], values) for name, values in numbers.items()])
    rows = min(config.rows, len(table_NF))
    forest = Sklearn(n_estimators=config.trees, max_samples=rows, random_state=inputs.seed).fit(table_NF)
    step: Step = {
        "op": "isolation_forest",
        "columns": config.columns,
        "fill": fill,
        "rows": rows,
        "trees": [_tree(one.tree_) for one in forest.estimators_],
        "output": config.output,
    }
    scorer = Forest(step)
    threshold = step["threshold"] = float(np.quantile(scorer.scores(numbers), 1 - config.share))
    if config.action == "mark":
        return Learned([step])

    def score(columns: pl.Series) -> pl.Series:
        found = {
            name: columns.struct.field(name).cast(pl.Float64).fill_null(float("nan")).to_numpy()
            for name in config.columns
        }
        return pl.Series(columns.name, scorer.scores(found))

    scores = pl.struct(config.columns).map_batches(score, return_dtype=pl.Float64, is_elementwise=True)
    why = f"{', '.join(config.columns)} score {{}}, above {threshold:.4f} (isolation forest)"
    return Learned(rejections={"outlier": pl.when(scores > threshold).then(pl.format(why, scores.round(4)))})


def _tree(tree: Any) -> dict[str, list[Any]]:
    """One entry per node; a leaf's depth includes the expected depth of a tree of its own rows."""
    depth = np.zeros(tree.node_count)
    for node in range(tree.node_count):  # parents come before their children
        for child in (tree.children_left[node], tree.children_right[node]):
            if child >= 0:
                depth[child] = depth[node] + 1
    leaf = tree.children_left < 0
    depth[leaf] += [usual_depth(int(n)) for n in tree.n_node_samples[leaf]]
    return {
        "feature": np.where(leaf, -1, tree.feature).tolist(),
        "threshold": tree.threshold.tolist(),
        "left": tree.children_left.tolist(),
        "right": tree.children_right.tolist(),
        "depth": depth.tolist(),
    }
