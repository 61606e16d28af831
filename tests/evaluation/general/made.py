"""Answers to benchmarks as toolchains/lm_eval/answer.py says them, made up."""

from collections.abc import Mapping, Sequence
from typing import Any


def line(
    name: str, scores: Mapping[str, Sequence[Any]], values: Mapping[str, float] | None = None, **changed: Any
) -> dict[str, Any]:
    """A task of one part.

    Args:
        scores: metric → of each document.
        values: metric → what is said of all documents, where that is not their mean.
        changed: what all its documents have otherwise.
    """
    means = {metric: sum(rows) / len(rows) for metric, rows in scores.items() if metric not in (values or {})}
    documents = [
        {
            "doc": i,
            "hash": f"{name} {i}",
            "tokens": f"ids {i}",
            "filter": "none",
            "scores": dict(zip(scores, one, strict=True)),
            **changed,
        }
        for i, one in enumerate(zip(*scores.values(), strict=True))
    ]
    told = [
        {"metric": metric, "filter": "none", "value": value, "higher_is_better": True}
        for metric, value in {**means, **(values or {})}.items()
    ]
    return {
        "task": name,
        "versions": {"lm_eval": "0.4.13"},
        "parts": {
            name: {"values": [*told, {"metric": "alias", "filter": "none", "value": name}], "documents": documents}
        },
    }
