"""What each step learned, as text for the report."""

from collections.abc import Callable
from typing import Any

from shipworthy.data.fitted.interface import Step


def summarize(step: Step) -> list[dict[str, str]]:
    """Rows of op, column and learned: one for each column that the step acts on."""
    if step["op"] == "model_fill":
        return [
            _row("model", one["column"], f"trees on {len(one['features'])} other columns") for one in step["targets"]
        ]
    learned = LEARNED[step["op"]](step) if step["op"] in LEARNED else ""
    return [_row(step["op"].replace("_", " "), step.get("column") or ", ".join(step.get("columns", ())), learned)]


def _row(op: str, column: str, learned: str) -> dict[str, str]:
    return {"op": op, "column": column, "learned": learned}


def _filled(step: Step) -> str:
    return f"{step['value']:.6g}" if isinstance(step["value"], float) else str(step["value"])


def _usual(step: Step) -> str:
    return f"usual is {step['low']:.6g} to {step['high']:.6g}"


def _codes(step: Step) -> str:
    outputs: list[dict[str, Any]] = step["outputs"]
    if len(outputs) > 1:
        return (
            f"{len(outputs)} columns: {', '.join(one['name'] for one in outputs[:5])}{' …' if len(outputs) > 5 else ''}"
        )
    codes = outputs[0]["codes"]
    shown = ", ".join(f"{name} {code:.3g}" for name, code in list(codes.items())[:5])
    return f"{len(codes)} names: {shown}{' …' if len(codes) > 5 else ''}"


LEARNED: dict[str, Callable[[Step], str]] = {
    "fill": _filled,
    "clip": _usual,
    "mark": _usual,
    "codes": _codes,
    "drop": lambda _: "left out",
    "calendar": lambda step: ", ".join(step["outputs"]),
    "text_components": lambda step: f"{len(step['outputs'])} numbers of {len(step['words']):,} words",
    "isolation_forest": lambda step: f"{len(step['trees'])} trees, usual up to {step['threshold']:.4f}",
}
