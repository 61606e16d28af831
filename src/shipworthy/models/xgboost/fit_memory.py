"""The memory of gradient-boosted trees on a table."""

from shipworthy.models.fit_memory import FLOAT, TERM_BYTES, FitSize
from shipworthy.models.xgboost.schema import XGBoost

TABLE_BYTES, ENTRY_BYTES, BIN_BYTES = 4, 8, 2
"""Of a cell: as it is handed over (float32), as XGBoost keeps it (value and column), as its histogram's bin."""
NODE_BYTES = 100


def parts(model: XGBoost, size: FitSize) -> dict[str, float]:
    """Train and validation are held as XGBoost's matrices; each row has a gradient for each class or label, or one."""
    columns, rows = len(size.names) + len(size.numbers), size.train + size.validation
    classes = size.labels if model.tells_labels else size.classes if model.tells_classes else 0
    outputs = classes if classes > 2 or model.tells_labels else len(model.quantiles) or 1
    codes = sum(size.distinct(name) for name in size.names)
    trees = model.rounds * outputs
    return {
        "table": columns * (rows * ENTRY_BYTES + size.train * (TABLE_BYTES + BIN_BYTES)),
        "gradients": 4 * FLOAT * rows * outputs,
        "trees": trees * NODE_BYTES * min(2 ** (model.max_depth + 1), 2 * size.train) / 2 + TERM_BYTES * codes,
        "answers": size.answers_bytes + size.predictions_bytes(classes),
    }
