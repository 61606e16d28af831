"""What DVC shows of the artifacts: flat numbers for `dvc metrics` and `dvc exp show`, rows for `dvc plots`.

DVC passes over lists where it looks for metrics, and takes for a plot only rows that all have the same columns.
"""

from collections.abc import Mapping, Sequence
from typing import Any

METRICS, CURVE, CANDIDATES = "metrics.json", "curve.json", "candidates.json"
CURVE_COLUMNS = ("step", "loss", "val_loss", "val_metric")


def evaluated(record: Mapping[str, Any], candidate: Mapping[str, Any]) -> dict[str, Any]:
    """The judged model on test, against the best baseline.

    Args:
        record: evaluation.json, but for the candidates.
        candidate: the judged model's entry among them.
    """
    difference = record["comparison"]["difference"]
    return {
        **{key: number for name, found in candidate["metrics"].items() for key, number in _interval(name, found)},
        "against": record["best_baseline"],
        **dict(_interval("difference", difference)),
        "p_value": record["comparison"]["p_value"],
        "passed": record["verdict"]["passed"],
        "test_rows": record["n"],
        "size_mb": candidate["size_mb"],
        "p95_s": candidate["p95_s"],
    }


def candidates(metric: str, found: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Every candidate's deciding metric on test."""
    return [{"candidate": one["name"], "value": one["metrics"][metric]["value"]} for one in found]


def curve(history: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The steps of history.json that were validated; what was not measured is null."""
    validated = [entry for entry in history if entry.keys() & {"val_loss", "val_metric"}]
    return [{name: entry.get(name) for name in CURVE_COLUMNS} for entry in validated]


def benched(measured: Mapping[str, Any]) -> dict[str, Any]:
    """Memory, and of each number of clients the rate and the latencies (seconds)."""
    loads = {
        f"clients_{load['clients']}": {"requests_per_s": load["requests_per_s"], **load["latency_s"]}
        for load in measured["concurrency"]
    }
    return {"memory_mb": measured["memory_mb"], **loads}


def _interval(name: str, found: Mapping[str, Any]) -> list[tuple[str, float]]:
    return [(name, found["value"]), (f"{name}_low", found["low"]), (f"{name}_high", found["high"])]
